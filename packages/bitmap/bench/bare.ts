const SUMMARY = 1024;
const LAST = 32_767;
const FIRST_BIT = -0x80000000;

/**
 * What is left of a bitmap of 32,768 bits when nothing is asked of it but to mark and to take: no checks, no count, no
 * index of the words that are not full, no other size. The same words, from the same end, as `Bitmap` has them: what
 * its pace is to be held against.
 */
export class BareBitmap {
  readonly #cells = new Int32Array(SUMMARY + 32);
  #top = 0;

  set(index: number): void {
    const cells = this.#cells;
    const w = (LAST - index) >>> 5;
    const before = cells[w] as number;
    cells[w] = before | (1 << index);
    if (before === 0) {
      const s = w >>> 5;
      cells[SUMMARY + s] = (cells[SUMMARY + s] as number) | (FIRST_BIT >>> w);
      this.#top |= FIRST_BIT >>> s;
    }
  }

  fill(): void {
    this.#cells.fill(-1);
    this.#top = -1;
  }

  takeLowest(): number {
    const top = this.#top;
    if (top === 0) return -1;
    const cells = this.#cells;
    const s = Math.clz32(top & -top);
    const summary = cells[SUMMARY + s] as number;
    const w = (s << 5) + Math.clz32(summary & -summary);
    const before = cells[w] as number;
    const after = before & (before - 1);
    cells[w] = after;
    if (after === 0) {
      const rest = summary & (summary - 1);
      cells[SUMMARY + s] = rest;
      if (rest === 0) this.#top = top & (top - 1);
      return LAST - (w << 5) - Math.clz32(before);
    }
    return LAST - (w << 5) - Math.clz32(before & -before);
  }

  count(): number {
    let count = 0;
    for (let w = 0; w < SUMMARY; w += 1) {
      for (let word = this.#cells[w] as number; word !== 0; word &= word - 1) count += 1;
    }
    return count;
  }

  testAndClear(index: number): boolean {
    const cells = this.#cells;
    const w = (LAST - index) >>> 5;
    const before = cells[w] as number;
    const after = before & ~(1 << index);
    cells[w] = after;
    if (after === 0 && before !== 0) {
      const s = w >>> 5;
      const rest = (cells[SUMMARY + s] as number) & ~(FIRST_BIT >>> w);
      cells[SUMMARY + s] = rest;
      if (rest === 0) this.#top &= ~(FIRST_BIT >>> s);
    }
    return before !== after;
  }
}
