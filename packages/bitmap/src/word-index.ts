import { wordsFor } from "./bits.ts";

/** As in bits.ts; but the optimiser takes only a constant of the same module for one. */
const FIRST_BIT = -0x80000000;

/** What a field for words starts with. */
export const NO_WORDS: Int32Array = new Int32Array(0);

/**
 * A set of word numbers in two levels: which words have something to find.
 *
 * Bit w of `summary` says that word w is in the set, bit s of `top` that summary word s is not 0.
 * For 1024 words (32,768 bits) `top` is a single word; larger bitmaps scan it word by word.
 */
export class WordIndex {
  readonly summary: Int32Array = NO_WORDS;
  readonly top: Int32Array = NO_WORDS;

  constructor(words: number) {
    this.summary = new Int32Array(wordsFor(words));
    this.top = new Int32Array(wordsFor(this.summary.length));
  }

  add(word: number): void {
    const s = word >>> 5;
    const t = s >>> 5;
    this.summary[s] = (this.summary[s] as number) | (FIRST_BIT >>> word);
    this.top[t] = (this.top[t] as number) | (FIRST_BIT >>> s);
  }

  remove(word: number): void {
    const s = word >>> 5;
    const t = s >>> 5;
    const rest = (this.summary[s] as number) & ~(FIRST_BIT >>> word);
    this.summary[s] = rest;
    if (rest === 0) this.top[t] = (this.top[t] as number) & ~(FIRST_BIT >>> s);
  }

  /** Adds every word below `words`, which must be the number that the index was made for. */
  addAll(words: number): void {
    fillBits(this.summary, words);
    fillBits(this.top, this.summary.length);
  }

  removeAll(): void {
    this.summary.fill(0);
    this.top.fill(0);
  }

  /** @returns The lowest word of the set, or -1. */
  first(): number {
    const { summary, top } = this;
    let t = 0;
    let topWord = top[0] as number;
    while (topWord === 0) {
      t += 1;
      if (t >= top.length) return -1;
      topWord = top[t] as number;
    }
    const s = (t << 5) + Math.clz32(topWord);
    return (s << 5) + Math.clz32(summary[s] as number);
  }

  /** @returns The first word of the set after `word`, or -1. */
  after(word: number): number {
    const { summary, top } = this;
    let s = word >>> 5;
    // Two shifts: by 32 at once would be a shift by 0.
    const rest = (summary[s] as number) & ((-1 >>> (word & 31)) >>> 1);
    if (rest !== 0) return (s << 5) + Math.clz32(rest);
    let t = s >>> 5;
    let topWord = (top[t] as number) & ((-1 >>> (s & 31)) >>> 1);
    while (topWord === 0) {
      t += 1;
      if (t >= top.length) return -1;
      topWord = top[t] as number;
    }
    s = (t << 5) + Math.clz32(topWord);
    return (s << 5) + Math.clz32(summary[s] as number);
  }
}

/** Sets the first `bits` bits, which must reach into the last word. */
const fillBits = (words: Int32Array, bits: number): void => {
  words.fill(-1);
  words[words.length - 1] = -1 << (words.length * 32 - bits);
};
