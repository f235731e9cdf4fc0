import type { BitSet } from "./bit-set.ts";
import { popcount, rangeMask, reverseBits, wordsFor } from "./bits.ts";
import { bitsOf, sameBits } from "./bits-of.ts";
import { bytesToWords, wordsToBytes } from "./byte-image.ts";
import { badFrom, badIndex, checkRange, checkSize } from "./checks.ts";
import { addWord, addWords, removeWord, wordBelow } from "./word-index.ts";

/** Bits of a page: as many as one top word covers. */
const PAGE = 32768;
/** Place of bit 0, cells of the first summary word and of the top in a bitmap of one page: constants are faster. */
const PAGE_LAST = PAGE - 1;
const PAGE_SUMMARY = PAGE / 32;
const PAGE_TOP = PAGE_SUMMARY + PAGE / 1024;

const NO_CELLS = new Int32Array(0);

/**
 * A fixed-size bitmap that finds its set and its clear bits in constant time.
 *
 * Above the words stand two indices of two levels each: of the words that are not empty and of
 * those that are not full. Up to 32,768 bits (a page) every search reads at most one word of each
 * level.
 *
 * Everything runs backwards: bit i is at place `last - i`, counted from the most significant bit of
 * the first word. So the lowest index is the last place that is set: `x & -x` isolates it,
 * `x & (x - 1)` clears it, and `Math.clz32` gives its number without a subtraction at each level.
 * Within its word bit i has the weight `1 << i`.
 */
export class Bitmap implements BitSet {
  // Each field starts with a value of its own kind: one that starts undefined is slower for good.
  readonly size: number = 0;
  /**
   * All in one array, for there is much to load before an access: the words, the summary and the
   * tops of those that are not empty, then of those other than -1. A word that `size` cuts never
   * is -1; words past it are in neither.
   */
  readonly #cells: Int32Array = NO_CELLS;
  /** The place of bit 0. */
  readonly #last: number = 0;
  /** Where in the cells what follows the words begins. */
  readonly #summary: number = 0;
  readonly #tops: number = 0;
  readonly #openSummary: number = 0;
  readonly #openTops: number = 0;
  #count = 0;

  /** @param size - In bits, 1..16,777,216; else a BitmapError "bad-size". All bits are clear. */
  constructor(size: number) {
    checkSize("Bitmap", size);
    const summaries = wordsFor(wordsFor(Math.max(size, PAGE)));
    const tops = wordsFor(summaries);
    const words = summaries * 32;
    this.size = size;
    this.#last = words * 32 - 1;
    this.#summary = words;
    this.#tops = this.#summary + summaries;
    this.#openSummary = this.#tops + tops;
    this.#openTops = this.#openSummary + summaries;
    this.#cells = new Int32Array(this.#openTops + tops);
    this.clearAll();
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
    words.forEach((word, index) => {
      bitmap.#write(bitmap.#wordOf(index * 32), word);
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
    if (index >>> 0 !== index || index >= this.size) throw badIndex("test", index, this.size);
    return ((this.#cells[this.#wordOf(index)] as number) & (1 << index)) !== 0;
  }

  testAndSet(index: number): boolean {
    if (index >>> 0 !== index || index >= this.size) throw badIndex("set", index, this.size);
    const cells = this.#cells;
    const w = (this.#last - index) >>> 5;
    const before = cells[w] as number;
    if (before === 0) this.#list(w);
    const after = before | (1 << index);
    // Arithmetic, not a branch: whether a random bit is set is mispredicted half of the time.
    const had = (before >>> index) & 1;
    cells[w] = after;
    this.#count += 1 - had;
    if (after === -1) removeWord(cells, this.#openSummary, this.#openTops, w);
    return had !== 0;
  }

  testAndClear(index: number): boolean {
    if (index >>> 0 !== index || index >= this.size) throw badIndex("clear", index, this.size);
    const cells = this.#cells;
    const w = (this.#last - index) >>> 5;
    const before = cells[w] as number;
    const after = before & ~(1 << index);
    const had = (before >>> index) & 1;
    cells[w] = after;
    this.#count -= had;
    if (after === 0 && before !== 0) this.#leave(w);
    if (before === -1) addWord(cells, this.#openSummary, this.#openTops, w);
    return had !== 0;
  }

  setRange(from: number, to: number): void {
    checkRange("setRange", from, to, this.size);
    for (let first = from & ~31; first < to; first += 32) {
      const w = this.#wordOf(first);
      const mask = reverseBits(rangeMask(first >>> 5, from, to));
      this.#write(w, (this.#cells[w] as number) | mask);
    }
  }

  clearRange(from: number, to: number): void {
    checkRange("clearRange", from, to, this.size);
    for (let first = from & ~31; first < to; first += 32) {
      const w = this.#wordOf(first);
      const mask = reverseBits(rangeMask(first >>> 5, from, to));
      this.#write(w, (this.#cells[w] as number) & ~mask);
    }
  }

  fill(): void {
    const cells = this.#cells;
    const words = this.#summary;
    const first = this.#wordOf(this.size - 1);
    cells.fill(-1, first, words);
    addWords(cells, this.#summary, this.#tops, first, words);
    cells.fill(0, this.#openSummary);
    if ((this.size & 31) !== 0) {
      cells[first] = (1 << this.size) - 1;
      addWord(cells, this.#openSummary, this.#openTops, first);
    }
    this.#count = this.size;
  }

  clearAll(): void {
    this.#cells.fill(0);
    const first = this.#wordOf(this.size - 1);
    addWords(this.#cells, this.#openSummary, this.#openTops, first, this.#summary);
    this.#count = 0;
  }

  nextSet(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextSet", from, this.size);
    if (from === this.size) return -1;
    const cells = this.#cells;
    let w = this.#wordOf(from);
    let rest = (cells[w] as number) & (-1 << from);
    if (rest === 0) {
      w = wordBelow(cells, this.#summary, this.#tops, w);
      if (w < 0) return -1;
      rest = cells[w] as number;
    }
    return this.#last - (w << 5) - Math.clz32(rest & -rest);
  }

  nextClear(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextClear", from, this.size);
    if (from === this.size) return -1;
    const cells = this.#cells;
    let w = this.#wordOf(from);
    let rest = ~(cells[w] as number) & (-1 << from);
    if (rest === 0) {
      w = wordBelow(cells, this.#openSummary, this.#openTops, w);
      if (w < 0) return -1;
      rest = ~(cells[w] as number);
    }
    const index = this.#last - (w << 5) - Math.clz32(rest & -rest);
    // In the word that `size` cuts the bits past it are clear, and no answer.
    return index < this.size ? index : -1;
  }

  takeLowest(): number {
    if (this.#count === 0) return -1;
    if (this.size > PAGE) return this.#takeFromPages();
    const cells = this.#cells;
    const top = cells[PAGE_TOP] as number;
    const s = Math.clz32(top & -top);
    const summary = cells[PAGE_SUMMARY + s] as number;
    const w = (s << 5) + Math.clz32(summary & -summary);
    const before = cells[w] as number;
    const after = before & (before - 1);
    cells[w] = after;
    // `| 0`: no check for an overflow.
    this.#count = (this.#count - 1) | 0;
    if (after === 0) {
      const rest = summary & (summary - 1);
      cells[PAGE_SUMMARY + s] = rest;
      if (rest === 0) cells[PAGE_TOP] = top & (top - 1);
    }
    if (before === -1) addWord(cells, this.#openSummary, this.#openTops, w);
    return PAGE_LAST - (w << 5) - Math.clz32(before & -before);
  }

  drain(into: Int32Array): number {
    if (into.length < this.#count) return this.#drainSome(into);
    const cells = this.#cells;
    const summaryAt = this.#summary;
    const last = this.#last;
    const tops = this.#tops;
    let taken = 0;
    for (let t = this.#openSummary - 1; t >= tops; t -= 1) {
      let top = cells[t] as number;
      cells[t] = 0;
      while (top !== 0) {
        const s = ((t - tops) << 5) + Math.clz32(top & -top);
        top &= top - 1;
        let summary = cells[summaryAt + s] as number;
        cells[summaryAt + s] = 0;
        while (summary !== 0) {
          const w = (s << 5) + Math.clz32(summary & -summary);
          summary &= summary - 1;
          const from = last - (w << 5);
          let word = cells[w] as number;
          cells[w] = 0;
          if (word === -1) {
            addWord(cells, this.#openSummary, this.#openTops, w);
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
    }
    this.#count = 0;
    return taken;
  }

  [Symbol.iterator](): IterableIterator<number> {
    return bitsOf(this);
  }

  copy(): Bitmap {
    const copy = new Bitmap(this.size);
    copy.#cells.set(this.#cells);
    copy.#count = this.#count;
    return copy;
  }

  equals(other: BitSet): boolean {
    if (!(other instanceof Bitmap)) return sameBits(this, other);
    if (other.size !== this.size || other.#count !== this.#count) return false;
    const words = this.#cells.subarray(0, this.#summary);
    return words.every((word, w) => word === other.#cells[w]);
  }

  toBytes(): Uint8Array {
    return wordsToBytes(this.size, (word) => this.#cells[this.#wordOf(word * 32)] as number);
  }

  /** The word of bit `index`. */
  #wordOf(index: number): number {
    return (this.#last - index) >>> 5;
  }

  /** The rest of takeLowest, in a bitmap of several pages. */
  #takeFromPages(): number {
    const cells = this.#cells;
    const w = wordBelow(cells, this.#summary, this.#tops, this.#summary);
    const before = cells[w] as number;
    const after = before & (before - 1);
    cells[w] = after;
    this.#count -= 1;
    if (after === 0) this.#leave(w);
    if (before === -1) addWord(cells, this.#openSummary, this.#openTops, w);
    return this.#last - (w << 5) - Math.clz32(before & -before);
  }

  /** The rest of drain, when not all fits. */
  #drainSome(into: Int32Array): number {
    for (let taken = 0; taken < into.length; taken += 1) into[taken] = this.takeLowest();
    return into.length;
  }

  /** Adds a word to the index of those that are not empty. */
  #list(w: number): void {
    addWord(this.#cells, this.#summary, this.#tops, w);
  }

  /** Removes a word from the index of those that are not empty. */
  #leave(w: number): void {
    removeWord(this.#cells, this.#summary, this.#tops, w);
  }

  /** Replaces a word and keeps the count and both indices. */
  #write(w: number, after: number): void {
    const before = this.#cells[w] as number;
    this.#cells[w] = after;
    this.#count += popcount(after) - popcount(before);
    if (before === 0 && after !== 0) this.#list(w);
    if (before !== 0 && after === 0) this.#leave(w);
    if (after === -1) removeWord(this.#cells, this.#openSummary, this.#openTops, w);
    else addWord(this.#cells, this.#openSummary, this.#openTops, w);
  }
}
