import type { BitSet } from "./bit-set.ts";
import { popcount, rangeMask, reverseBits } from "./bits.ts";
import { bitsOf, sameBits } from "./bits-of.ts";
import { bytesToWords, wordsToBytes } from "./byte-image.ts";
import { badFrom, badIndex, checkRange, checkSize } from "./checks.ts";
import { addWord, addWordsFrom, removeWord, wordBelow } from "./word-index.ts";

/** Bits of a page: as many as one top covers. */
const PAGE = 32768;
/** Cells of a page: the words, the summary of those that are not empty, of those other than -1. */
const WORDS = PAGE / 32;
const SUMMARY = WORDS;
const OPEN_SUMMARY = SUMMARY + WORDS / 32;
const CELLS = OPEN_SUMMARY + WORDS / 32;
/** A constant of each module that is hot: the optimiser folds no others. */
const FIRST_BIT = -0x80000000;

/** The word of a page in which its bit `index` is. */
const wordOf = (index: number): number => (index >>> 5) ^ (WORDS - 1);
/** The number of the page in which bit `index` is; 0 is the first. A shift: a division takes about as long as a search. */
const pageOf = (index: number): number => index >>> 15;
/** The bit of that page. */
const inPage = (index: number): number => index & (PAGE - 1);

/**
 * A fixed-size bitmap that finds its set and its clear bits in constant time.
 *
 * Above the words of a page (32,768 bits) stand two indices of two levels each: of the words that
 * are not empty and of those that are not full. Every search in a page reads at most one word of
 * each level. A bitmap is its first page; a larger one has more of them, each a bitmap by itself.
 *
 * Everything runs backwards: bit i of a page is at place `PAGE - 1 - i`, counted from the most
 * significant bit of the first word. So the lowest index is the last place that is set: `x & -x`
 * isolates it, `x & (x - 1)` clears it, and `Math.clz32` gives its number without a subtraction at
 * each level. Within its word bit i has the weight `1 << i`.
 */
export class Bitmap implements BitSet {
  /**
   * The words and the summaries of the first page, in one array: there is much to load before an
   * access. A word that `size` cuts never is -1; words past it are in neither summary.
   */
  readonly #cells = new Int32Array(CELLS);
  /** The tops are fields: a search starts with one, and a field is at hand before the array is. */
  #top = 0;
  #openTop = 0;
  /** Bits that are set, in all pages. */
  #count = 0;
  // Each field starts with a value of its own kind: one that starts undefined is slower for good.
  /** Bits of the first page. One comparison with it refuses bad indices and turns to other pages. */
  readonly #here: number = 0;
  readonly size: number = 0;
  /** The pages after the first. */
  readonly #further: readonly Bitmap[] = [];

  /** @param size - In bits, 1..16,777,216; else a BitmapError "bad-size". All bits are clear. */
  constructor(size: number) {
    checkSize("Bitmap", size);
    this.size = size;
    this.#here = Math.min(size, PAGE);
    this.#openTop = addWordsFrom(this.#cells, OPEN_SUMMARY, wordOf(this.#here - 1));
    const further: Bitmap[] = [];
    for (let at = PAGE; at < size; at += PAGE) further.push(new Bitmap(Math.min(size - at, PAGE)));
    this.#further = further;
  }

  /**
   * A bitmap from its image: bit i is bit i % 8 of byte i / 8.
   *
   * @throws BitmapError "bad-size"; "wrong-size" unless `bytes` is ⌈size / 8⌉ long; "stray-bit"
   *   when a bit at or past `size` is set.
   */
  static fromBytes(size: number, bytes: Uint8Array): Bitmap {
    const bitmap = new Bitmap(size);
    const words = bytesToWords("Bitmap.fromBytes", size, bytes);
    bitmap.#pages.forEach((page, p) => {
      const own = words.subarray(p * WORDS, (p + 1) * WORDS);
      own.forEach((word, index) => {
        page.#write(wordOf(index * 32), word);
      });
      if (page !== bitmap) bitmap.#count += page.#count;
    });
    return bitmap;
  }

  get count(): number {
    return this.#count;
  }

  set(index: number): void {
    this.testAndSet(index);
  }

  clear(index: number): void {
    this.testAndClear(index);
  }

  test(index: number): boolean {
    if (index >>> 0 !== index || index >= this.#here) {
      return this.#furtherPage("test", index).test(inPage(index));
    }
    return ((this.#cells[wordOf(index)] as number) & (1 << index)) !== 0;
  }

  testAndSet(index: number): boolean {
    if (index >>> 0 !== index || index >= this.#here) return this.#setFurther(index);
    const cells = this.#cells;
    const w = wordOf(index);
    const before = cells[w] as number;
    const after = before | (1 << index);
    cells[w] = after;
    // Arithmetic, not a branch: whether a random bit is set is mispredicted half of the time.
    const had = Math.clz32(before ^ after) >>> 5;
    // `| 0`: no check for an overflow.
    this.#count = (this.#count + 1 - had) | 0;
    if (before === 0) this.#list(w);
    if (after === -1) this.#close(w);
    return had !== 0;
  }

  testAndClear(index: number): boolean {
    if (index >>> 0 !== index || index >= this.#here) return this.#clearFurther(index);
    const cells = this.#cells;
    const w = wordOf(index);
    const before = cells[w] as number;
    const after = before & ~(1 << index);
    cells[w] = after;
    const hadNot = Math.clz32(before ^ after) >>> 5;
    this.#count = (this.#count - 1 + hadNot) | 0;
    if (after === 0 && before !== 0) this.#leave(w);
    if (before === -1) this.#open(w);
    return hadNot === 0;
  }

  setRange(from: number, to: number): void {
    checkRange("setRange", from, to, this.size);
    this.#writeRange(from, to, (word, mask) => word | mask);
  }

  clearRange(from: number, to: number): void {
    checkRange("clearRange", from, to, this.size);
    this.#writeRange(from, to, (word, mask) => word & ~mask);
  }

  fill(): void {
    for (const page of this.#pages) {
      const cells = page.#cells;
      const first = wordOf(page.#here - 1);
      cells.fill(-1, first, WORDS);
      page.#top = addWordsFrom(cells, SUMMARY, first);
      cells.fill(0, OPEN_SUMMARY);
      page.#openTop = 0;
      if ((page.#here & 31) !== 0) {
        cells[first] = (1 << page.#here) - 1;
        page.#open(first);
      }
      page.#count = page.size;
    }
  }

  clearAll(): void {
    for (const page of this.#pages) {
      page.#cells.fill(0, 0, OPEN_SUMMARY);
      page.#top = 0;
      page.#openTop = addWordsFrom(page.#cells, OPEN_SUMMARY, wordOf(page.#here - 1));
      page.#count = 0;
    }
  }

  nextSet(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextSet", from, this.size);
    if (from >= this.#here) return this.#nextFurther("nextSet", from);
    const cells = this.#cells;
    let w = wordOf(from);
    let rest = (cells[w] as number) & (-1 << from);
    if (rest === 0) {
      w = wordBelow(cells, SUMMARY, this.#top, w);
      if (w < 0) return this.#nextFurther("nextSet", PAGE);
      rest = cells[w] as number;
    }
    return PAGE - 1 - (w << 5) - Math.clz32(rest & -rest);
  }

  nextClear(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextClear", from, this.size);
    if (from >= this.#here) return this.#nextFurther("nextClear", from);
    const cells = this.#cells;
    let w = wordOf(from);
    let rest = ~(cells[w] as number) & (-1 << from);
    if (rest === 0) {
      w = wordBelow(cells, OPEN_SUMMARY, this.#openTop, w);
      if (w < 0) return this.#nextFurther("nextClear", PAGE);
      rest = ~(cells[w] as number);
    }
    const index = PAGE - 1 - (w << 5) - Math.clz32(rest & -rest);
    // In the word that `size` cuts the bits past it are clear, and no answer.
    return index < this.size ? index : -1;
  }

  takeLowest(): number {
    const top = this.#top;
    if (top === 0) return this.#count === 0 ? -1 : this.#takeFurther();
    const cells = this.#cells;
    const s = Math.clz32(top & -top);
    const summary = cells[SUMMARY + s] as number;
    const w = (s << 5) + Math.clz32(summary & -summary);
    const before = cells[w] as number;
    const after = before & (before - 1);
    cells[w] = after;
    this.#count = (this.#count - 1) | 0;
    // Two ways out, each with the answer: faster than one that both lead to.
    if (after === 0) {
      const rest = summary & (summary - 1);
      cells[SUMMARY + s] = rest;
      if (rest === 0) this.#top = top & (top - 1);
      return PAGE - 1 - (w << 5) - Math.clz32(before);
    }
    if (before === -1) {
      // As #open, without the call.
      cells[OPEN_SUMMARY + s] = (cells[OPEN_SUMMARY + s] as number) | (FIRST_BIT >>> w);
      this.#openTop |= FIRST_BIT >>> s;
    }
    return PAGE - 1 - (w << 5) - Math.clz32(before & -before);
  }

  drain(into: Int32Array): number {
    if (into.length < this.#count) {
      for (let taken = 0; taken < into.length; taken += 1) into[taken] = this.takeLowest();
      return into.length;
    }
    let taken = this.#drainPage(into, 0, PAGE - 1);
    let last = PAGE - 1;
    for (const page of this.#further) {
      last += PAGE;
      taken = page.#drainPage(into, taken, last);
    }
    return taken;
  }

  [Symbol.iterator](): IterableIterator<number> {
    return bitsOf(this);
  }

  copy(): Bitmap {
    const copy = new Bitmap(this.size);
    const pages = this.#pages;
    copy.#pages.forEach((page, p) => {
      const from = pages[p] as Bitmap;
      page.#cells.set(from.#cells);
      page.#top = from.#top;
      page.#openTop = from.#openTop;
      page.#count = from.#count;
    });
    return copy;
  }

  equals(other: BitSet): boolean {
    if (!(other instanceof Bitmap)) return sameBits(this, other);
    if (other.size !== this.size || other.#count !== this.#count) return false;
    const others = other.#pages;
    return this.#pages.every((page, p) => {
      const cells = (others[p] as Bitmap).#cells;
      return page.#cells.every((cell, c) => cell === cells[c]);
    });
  }

  toBytes(): Uint8Array {
    const pages = this.#pages;
    return wordsToBytes(this.size, (word) => {
      const page = pages[pageOf(word * 32)] as Bitmap;
      return page.#cells[wordOf(inPage(word * 32))] as number;
    });
  }

  get #pages(): readonly Bitmap[] {
    return [this, ...this.#further];
  }

  /** The page of an index that is not in the first, or the error: it is in none. */
  #furtherPage(operation: string, index: number): Bitmap {
    if (index >>> 0 !== index || index >= this.size) throw badIndex(operation, index, this.size);
    return this.#further[pageOf(index) - 1] as Bitmap;
  }

  #setFurther(index: number): boolean {
    const had = this.#furtherPage("set", index).testAndSet(inPage(index));
    if (!had) this.#count += 1;
    return had;
  }

  #clearFurther(index: number): boolean {
    const had = this.#furtherPage("clear", index).testAndClear(inPage(index));
    if (had) this.#count -= 1;
    return had;
  }

  #takeFurther(): number {
    const p = this.#further.findIndex((page) => page.#top !== 0);
    this.#count -= 1;
    return PAGE * (p + 1) + (this.#further[p] as Bitmap).takeLowest();
  }

  /** The rest of a search, in the pages after the first that have bits at or after `from`. */
  #nextFurther(search: "nextSet" | "nextClear", from: number): number {
    for (let p = Math.max(pageOf(from), 1); p <= this.#further.length; p += 1) {
      const found = (this.#further[p - 1] as Bitmap)[search](Math.max(from - PAGE * p, 0));
      if (found >= 0) return PAGE * p + found;
    }
    return -1;
  }

  /** Takes all of the first page. @returns How many `into` holds then. */
  #drainPage(into: Int32Array, already: number, last: number): number {
    const cells = this.#cells;
    let taken = already;
    let top = this.#top;
    this.#top = 0;
    this.#count = 0;
    while (top !== 0) {
      const s = Math.clz32(top & -top);
      top &= top - 1;
      let summary = cells[SUMMARY + s] as number;
      cells[SUMMARY + s] = 0;
      while (summary !== 0) {
        const w = (s << 5) + Math.clz32(summary & -summary);
        summary &= summary - 1;
        const from = last - (w << 5);
        let word = cells[w] as number;
        cells[w] = 0;
        if (word === -1) {
          this.#open(w);
          for (let index = from - 31; index <= from; index += 4) {
            into[taken] = index;
            into[taken + 1] = index + 1;
            into[taken + 2] = index + 2;
            into[taken + 3] = index + 3;
            taken += 4;
          }
        } else {
          do {
            into[taken] = from - Math.clz32(word & -word);
            taken += 1;
            word &= word - 1;
          } while (word !== 0);
        }
      }
    }
    return taken;
  }

  /** Puts a word into the index of those that are not empty. */
  #list(w: number): void {
    this.#top = addWord(this.#cells, SUMMARY, this.#top, w);
  }

  /** Takes a word out of the index of those that are not empty. */
  #leave(w: number): void {
    this.#top = removeWord(this.#cells, SUMMARY, this.#top, w);
  }

  /** Puts a word into the index of those that are not full. */
  #open(w: number): void {
    this.#openTop = addWord(this.#cells, OPEN_SUMMARY, this.#openTop, w);
  }

  /** Takes a word out of the index of those that are not full. */
  #close(w: number): void {
    this.#openTop = removeWord(this.#cells, OPEN_SUMMARY, this.#openTop, w);
  }

  /** Replaces each word of the range, in all pages, by what `change` makes of it and of the range's bits in it. */
  #writeRange(from: number, to: number, change: (word: number, mask: number) => number): void {
    const pages = this.#pages;
    for (let first = from & ~31; first < to; first += 32) {
      const page = pages[pageOf(first)] as Bitmap;
      const w = wordOf(inPage(first));
      const mask = reverseBits(rangeMask(first >>> 5, from, to));
      const more = page.#write(w, change(page.#cells[w] as number, mask));
      if (page !== this) this.#count += more;
    }
  }

  /** Replaces a word of the first page and keeps the rest. @returns How many more bits are set. */
  #write(w: number, after: number): number {
    const before = this.#cells[w] as number;
    const more = popcount(after) - popcount(before);
    this.#cells[w] = after;
    this.#count += more;
    if (before === 0 && after !== 0) this.#list(w);
    if (before !== 0 && after === 0) this.#leave(w);
    if (after === -1) this.#close(w);
    else this.#open(w);
    return more;
  }
}
