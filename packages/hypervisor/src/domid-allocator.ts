import { DOMID } from "@xenkit/abi";
import { Bitmap } from "@xenkit/bitmap";

/**
 * Which domids are in use, and which is handed out next. A domid is in use from its allocation
 * until its domain is freed, which is later than destroyed: a zombie keeps its domid.
 */
export class DomidAllocator {
  /** The domid handed out last; 0 before the first. Explicit ones do not move it. */
  cursor = 0;
  readonly #used = new Bitmap(DOMID.firstReserved);

  /** How many are in use. */
  get count(): number {
    return this.#used.count;
  }

  isUsed(domid: number): boolean {
    return this.#used.test(domid);
  }

  take(domid: number): void {
    this.#used.set(domid);
  }

  free(domid: number): void {
    this.#used.clear(domid);
  }

  /**
   * The next free domid after the last one handed out, from 0x7FEF on to 1, and never that last one
   * itself. It is not taken yet, but the cursor has moved: a creation that fails later uses its
   * domid up.
   *
   * @returns A domid, or -1 when all are in use.
   */
  next(): number {
    const found = this.#search();
    if (found !== -1) this.cursor = found;
    return found;
  }

  #search(): number {
    const after = this.cursor + 1;
    const above = after < DOMID.firstReserved ? this.#used.nextClear(after) : -1;
    if (above !== -1) return above;
    const wrapped = this.#used.nextClear(1);
    return wrapped < this.cursor ? wrapped : -1;
  }
}
