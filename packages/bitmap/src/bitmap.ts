import type { BitSet } from "./bit-set.ts";
import { popcount, rangeMask, wordsFor } from "./bits.ts";
import { bitsOf, sameBits } from "./bits-of.ts";
import { bytesToWords, wordsToBytes } from "./byte-image.ts";
import { badFrom, badIndex, checkRange, checkSize } from "./checks.ts";
import { NO_WORDS, WordIndex } from "./word-index.ts";

/** As in bits.ts; but the optimiser takes only a constant of the same module for one. */
const FIRST_BIT = -0x80000000;

const NO_INDEX = new WordIndex(0);

/**
 * A fixed-size bitmap that finds its set and its clear bits in constant time.
 *
 * Above the words stand two indices of two levels each: of the words that are not empty and of
 * those that are not full. Up to 32,768 bits every search reads at most one word of each level.
 */
export class Bitmap implements BitSet {
  // Each field starts with a value of its own kind: one that starts undefined is slower for good.
  readonly size: number = 0;
  readonly #words: Int32Array = NO_WORDS;
  /** The words that have a set bit: exactly those. */
  readonly #occupied: WordIndex = NO_INDEX;
  /** The two levels of `#occupied`, at hand for the hot paths: one object less to go through. */
  readonly #summary: Int32Array = NO_WORDS;
  readonly #top: Int32Array = NO_WORDS;
  /** The words other than -1; so a last word that `size` cuts is always among them. */
  readonly #open: WordIndex = NO_INDEX;
  readonly #openSummary: Int32Array = NO_WORDS;
  readonly #openTop: Int32Array = NO_WORDS;
  /**
   * The lowest word that is not empty, or any word that is empty when that one is not known: when
   * draining dense pages it saves both levels. Behind the last word lies one that is always empty.
   */
  #low = 0;
  #count = 0;

  /** @param size - In bits, 1..16,777,216; else a BitmapError "bad-size". All bits are clear. */
  constructor(size: number) {
    checkSize("Bitmap", size);
    const words = wordsFor(size);
    this.size = size;
    this.#words = new Int32Array(words + 1);
    this.#low = words;
    this.#occupied = new WordIndex(words);
    this.#summary = this.#occupied.summary;
    this.#top = this.#occupied.top;
    this.#open = new WordIndex(words);
    this.#open.addAll(words);
    this.#openSummary = this.#open.summary;
    this.#openTop = this.#open.top;
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
      if (word !== 0) bitmap.#write(index, word);
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
    const w = (index | 0) === index && index < this.size ? index >>> 5 : -1;
    const word = this.#words[w];
    if (word === undefined) throw badIndex("test", index, this.size);
    return (word & (FIRST_BIT >>> index)) !== 0;
  }

  testAndSet(index: number): boolean {
    // A bad index becomes a word that is not there, which the access itself finds out: a branch
    // that throws before it would keep the optimiser from hoisting anything out of a caller's loop.
    const w = (index | 0) === index && index < this.size ? index >>> 5 : -1;
    const before = this.#words[w];
    if (before === undefined) throw badIndex("set", index, this.size);
    const after = before | (FIRST_BIT >>> index);
    // Arithmetic, not a branch: whether a random bit is set is mispredicted half of the time.
    const had = (before >>> (~index & 31)) & 1;
    this.#words[w] = after;
    this.#count += 1 - had;
    if (before === 0) {
      const s = w >>> 5;
      const t = s >>> 5;
      this.#summary[s] = (this.#summary[s] as number) | (FIRST_BIT >>> w);
      this.#top[t] = (this.#top[t] as number) | (FIRST_BIT >>> s);
      this.#low = this.#words.length - 1;
    }
    if (after === -1) {
      const s = w >>> 5;
      const t = s >>> 5;
      const rest = (this.#openSummary[s] as number) & ~(FIRST_BIT >>> w);
      this.#openSummary[s] = rest;
      if (rest === 0) this.#openTop[t] = (this.#openTop[t] as number) & ~(FIRST_BIT >>> s);
    }
    return had !== 0;
  }

  testAndClear(index: number): boolean {
    const w = (index | 0) === index && index < this.size ? index >>> 5 : -1;
    const before = this.#words[w];
    if (before === undefined) throw badIndex("clear", index, this.size);
    const after = before & ~(FIRST_BIT >>> index);
    const had = (before >>> (~index & 31)) & 1;
    this.#words[w] = after;
    this.#count -= had;
    if (after === 0) {
      const s = w >>> 5;
      const t = s >>> 5;
      const rest = (this.#summary[s] as number) & ~(FIRST_BIT >>> w);
      this.#summary[s] = rest;
      if (rest === 0) this.#top[t] = (this.#top[t] as number) & ~(FIRST_BIT >>> s);
    }
    if (before === -1) {
      const s = w >>> 5;
      const t = s >>> 5;
      this.#openSummary[s] = (this.#openSummary[s] as number) | (FIRST_BIT >>> w);
      this.#openTop[t] = (this.#openTop[t] as number) | (FIRST_BIT >>> s);
    }
    return had !== 0;
  }

  setRange(from: number, to: number): void {
    checkRange("setRange", from, to, this.size);
    for (let w = from >>> 5; w << 5 < to; w += 1) {
      this.#write(w, (this.#words[w] as number) | rangeMask(w, from, to));
    }
  }

  clearRange(from: number, to: number): void {
    checkRange("clearRange", from, to, this.size);
    for (let w = from >>> 5; w << 5 < to; w += 1) {
      this.#write(w, (this.#words[w] as number) & ~rangeMask(w, from, to));
    }
  }

  fill(): void {
    const words = this.#words.length - 1;
    this.#words.fill(-1, 0, words);
    this.#occupied.addAll(words);
    this.#open.removeAll();
    if ((this.size & 31) !== 0) {
      this.#words[words - 1] = rangeMask(words - 1, 0, this.size);
      this.#open.add(words - 1);
    }
    this.#count = this.size;
    this.#low = 0;
  }

  clearAll(): void {
    this.#words.fill(0);
    this.#occupied.removeAll();
    this.#open.addAll(this.#words.length - 1);
    this.#count = 0;
  }

  nextSet(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextSet", from, this.size);
    if (from === this.size) return -1;
    let w = from >>> 5;
    const rest = (this.#words[w] as number) & (-1 >>> (from & 31));
    if (rest !== 0) return (w << 5) + Math.clz32(rest);
    w = this.#occupied.after(w);
    return w < 0 ? -1 : (w << 5) + Math.clz32(this.#words[w] as number);
  }

  nextClear(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextClear", from, this.size);
    if (from === this.size) return -1;
    let w = from >>> 5;
    let rest = ~(this.#words[w] as number) & (-1 >>> (from & 31));
    if (rest === 0) {
      w = this.#open.after(w);
      if (w < 0) return -1;
      rest = ~(this.#words[w] as number);
    }
    const index = (w << 5) + Math.clz32(rest);
    // In the last word the bits past the end are clear, and no answer.
    return index < this.size ? index : -1;
  }

  takeLowest(): number {
    if (this.#count === 0) return -1;
    this.#count -= 1;
    const words = this.#words;
    let w = this.#low;
    let before = words[w] as number;
    if (before === 0) {
      w = this.#occupied.first();
      before = words[w] as number;
      this.#low = w;
    }
    const bit = Math.clz32(before);
    const after = before ^ (FIRST_BIT >>> bit);
    words[w] = after;
    if (after === 0) {
      const s = w >>> 5;
      const rest = (this.#summary[s] as number) ^ (FIRST_BIT >>> w);
      this.#summary[s] = rest;
      if (rest === 0) {
        const t = s >>> 5;
        this.#top[t] = (this.#top[t] as number) ^ (FIRST_BIT >>> s);
      }
    }
    if (before === -1) {
      const s = w >>> 5;
      const t = s >>> 5;
      this.#openSummary[s] = (this.#openSummary[s] as number) | (FIRST_BIT >>> w);
      this.#openTop[t] = (this.#openTop[t] as number) | (FIRST_BIT >>> s);
    }
    return (w << 5) + bit;
  }

  drain(into: Int32Array): number {
    const words = this.#words;
    const limit = Math.min(into.length, this.#count);
    let taken = 0;
    for (let t = 0; taken < limit; t += 1) {
      let topWord = this.#top[t] as number;
      while (topWord !== 0 && taken < limit) {
        const s = (t << 5) + Math.clz32(topWord);
        let summary = this.#summary[s] as number;
        while (summary !== 0 && taken < limit) {
          const w = (s << 5) + Math.clz32(summary);
          const base = w << 5;
          let rest = words[w] as number;
          if (rest === -1) this.#open.add(w);
          if (rest === -1 && limit - taken >= 32) {
            for (let bit = 0; bit < 32; bit += 4) {
              into[taken] = base + bit;
              into[taken + 1] = base + bit + 1;
              into[taken + 2] = base + bit + 2;
              into[taken + 3] = base + bit + 3;
              taken += 4;
            }
            rest = 0;
          } else {
            do {
              const bit = Math.clz32(rest);
              into[taken] = base + bit;
              taken += 1;
              rest ^= FIRST_BIT >>> bit;
            } while (rest !== 0 && taken < limit);
          }
          words[w] = rest;
          if (rest === 0) summary ^= FIRST_BIT >>> w;
        }
        this.#summary[s] = summary;
        if (summary === 0) topWord ^= FIRST_BIT >>> s;
      }
      this.#top[t] = topWord;
    }
    this.#count -= taken;
    return taken;
  }

  [Symbol.iterator](): IterableIterator<number> {
    return bitsOf(this);
  }

  copy(): Bitmap {
    const copy = new Bitmap(this.size);
    this.#words.forEach((word, index) => {
      if (word !== 0) copy.#write(index, word);
    });
    return copy;
  }

  equals(other: BitSet): boolean {
    if (!(other instanceof Bitmap)) return sameBits(this, other);
    if (other.size !== this.size || other.#count !== this.#count) return false;
    return this.#words.every((word, index) => word === other.#words[index]);
  }

  toBytes(): Uint8Array {
    return wordsToBytes(this.size, (index) => this.#words[index] as number);
  }

  /** Replaces a word and keeps count, hint and both indices. */
  #write(w: number, after: number): void {
    const before = this.#words[w] as number;
    this.#words[w] = after;
    this.#count += popcount(after) - popcount(before);
    if (after === 0) this.#occupied.remove(w);
    else this.#occupied.add(w);
    if (after === -1) this.#open.remove(w);
    else this.#open.add(w);
    this.#low = this.#words.length - 1;
  }
}
