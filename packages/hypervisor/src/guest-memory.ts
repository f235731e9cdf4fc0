/** The size of a page in bytes. */
export const PAGE_SIZE = 4096;

/**
 * The pages of one guest, by guest frame number. A page comes into being, zeroed, when it is first
 * asked for.
 */
export class GuestMemory {
  readonly #pages = new Map<number, Uint8Array>();
  readonly #allocate: () => Uint8Array;
  readonly #limit: number;

  /**
   * @param allocate - Makes one zeroed page.
   * @param limit - How many pages the guest may have.
   */
  constructor(allocate: () => Uint8Array, limit: number) {
    this.#allocate = allocate;
    this.#limit = limit;
  }

  /** The page itself, not a copy. Undefined when the guest has as many pages as it may have. */
  page(gfn: number): Uint8Array | undefined {
    const page = this.#pages.get(gfn);
    if (page !== undefined || this.#pages.size >= this.#limit) return page;
    const fresh = this.#allocate();
    this.#pages.set(gfn, fresh);
    return fresh;
  }

  /** Gives all pages back. Whoever has one mapped still sees it. */
  release(): void {
    this.#pages.clear();
  }

  /** Frame numbers and pages, in the order of first use. */
  [Symbol.iterator](): Iterator<[number, Uint8Array]> {
    return this.#pages.entries();
  }
}
