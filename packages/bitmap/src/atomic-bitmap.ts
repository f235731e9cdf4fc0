import { type AtomicMemory, SharedMemory } from "./atomic-memory.ts";
import type { BitSet } from "./bit-set.ts";
import { BitmapError } from "./bitmap-error.ts";
import { popcount, rangeMask, reverseBits, wordsFor } from "./bits.ts";
import { bitsOf, sameBits } from "./bits-of.ts";
import { bytesToWords, wordsToBytes } from "./byte-image.ts";
import { badFrom, badIndex, checkRange, checkSize } from "./checks.ts";

/**
 * Bits are most significant first, so that `Math.clz32` alone finds the lowest. A constant of this
 * module: the optimiser folds no others.
 */
const FIRST_BIT = -0x80000000;

/** The cells: what the buffer is for, how many bits are set, then (a cache line on) the levels. */
const SIZE_CELL = 0;
const COUNT_CELL = 1;
const TOP_CELL = 16;

/**
 * A bitmap in shared memory, for any number of threads that mark while others take.
 *
 * Each bit and each word changes atomically; an operation on many words does not. **No set bit is
 * ever lost**: every bit that was set is taken or cleared exactly once, or is still there. With one
 * taking thread, a bit whose `set` has returned is found by the next `takeLowest`, `drain` or
 * `nextSet`. With several, an empty answer may come while another taker is inside a call; that
 * taker's next call finds what is left. So let every taker go on until it is told "empty".
 *
 * While others change it: `count` may run a moment behind or ahead; `drain` goes upwards once, so
 * what is set behind it stays for the next call, and fewer than fit does not mean empty (0 does);
 * `copy`, `equals`, `toBytes` and iteration see each word at a moment of its own. Once all
 * threads are at rest all of these are exact.
 *
 * The invariant: a word with a set bit has its bit in the summary, and a summary word with a bit
 * set has its bit in the top, or a thread is on its way to set it. The reverse need not hold.
 * Marking sets the word, *then* looks at the levels above. Taking the last bit of a word clears its
 * summary bit, *then* reads the word again, and puts the bit back when somebody has marked
 * meanwhile. Either the marker sees the summary bit gone, or the taker sees the mark.
 */
export class AtomicBitmap implements BitSet {
  readonly size: number = 0;
  readonly #memory: AtomicMemory;
  readonly #words: number = 0;
  readonly #summaries: number = 0;
  readonly #tops: number = 0;
  /** The first cell of the words and of the summary. */
  readonly #wordCell: number = 0;
  readonly #summaryCell: number = 0;

  /**
   * @param size - In bits, 1..16,777,216; else a BitmapError "bad-size".
   * @param buffer - The `buffer` of an AtomicBitmap of the same size, or zeros of
   *   `AtomicBitmap.byteLength(size)` bytes; a new one when left out. Or memory of one's own,
   *   which is taken as it is: the tests order its steps.
   * @throws BitmapError "wrong-size" for a buffer of another length, "wrong-bitmap" for one that
   *   holds a bitmap of another size.
   */
  constructor(size: number, buffer?: SharedArrayBuffer | AtomicMemory) {
    checkSize("AtomicBitmap", size);
    this.size = size;
    this.#words = wordsFor(size);
    this.#summaries = wordsFor(this.#words);
    this.#tops = wordsFor(this.#summaries);
    this.#summaryCell = TOP_CELL + this.#tops;
    this.#wordCell = this.#summaryCell + this.#summaries;
    this.#memory =
      buffer === undefined || buffer instanceof SharedArrayBuffer
        ? new SharedMemory(claim(size, buffer ?? new SharedArrayBuffer(byteLength(size))))
        : buffer;
  }

  /** Bytes of the shared buffer for a bitmap of `size` bits. */
  static byteLength(size: number): number {
    checkSize("AtomicBitmap.byteLength", size);
    return byteLength(size);
  }

  /** As `Bitmap.fromBytes`, in a buffer of its own. */
  static fromBytes(size: number, bytes: Uint8Array): AtomicBitmap {
    const bitmap = new AtomicBitmap(size);
    const words = bytesToWords("AtomicBitmap.fromBytes", size, bytes);
    words.forEach((word, index) => {
      if (word !== 0) bitmap.#setBits(index, reverseBits(word));
    });
    return bitmap;
  }

  /** What to post to a worker, which then makes an AtomicBitmap of the same size over it. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer;
  }

  get count(): number {
    // A taker can count a bit before its marker does: below 0 for that moment.
    return Math.max(0, this.#memory.load(COUNT_CELL));
  }

  set(index: number): void {
    this.testAndSet(index);
  }

  clear(index: number): void {
    this.testAndClear(index);
  }

  test(index: number): boolean {
    if (index >>> 0 !== index || index >= this.size) throw badIndex("test", index, this.size);
    return (this.#memory.load(this.#wordCell + (index >>> 5)) & (FIRST_BIT >>> index)) !== 0;
  }

  testAndSet(index: number): boolean {
    if (index >>> 0 !== index || index >= this.size) throw badIndex("set", index, this.size);
    return this.#setBits(index >>> 5, FIRST_BIT >>> index) === 0;
  }

  testAndClear(index: number): boolean {
    if (index >>> 0 !== index || index >= this.size) throw badIndex("clear", index, this.size);
    return this.#clearBits(index >>> 5, FIRST_BIT >>> index) !== 0;
  }

  setRange(from: number, to: number): void {
    checkRange("setRange", from, to, this.size);
    for (let w = from >>> 5; w << 5 < to; w += 1) {
      const mask = rangeMask(w, from, to);
      if (mask !== 0) this.#setBits(w, mask);
    }
  }

  clearRange(from: number, to: number): void {
    checkRange("clearRange", from, to, this.size);
    for (let w = this.#nextWord(from >>> 5); w >= 0 && w << 5 < to; w = this.#nextWord(w + 1)) {
      this.#clearBits(w, rangeMask(w, from, to));
    }
  }

  fill(): void {
    this.setRange(0, this.size);
  }

  clearAll(): void {
    this.clearRange(0, this.size);
  }

  nextSet(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextSet", from, this.size);
    let mask = -1 >>> (from & 31);
    const first = from >>> 5;
    for (let w = this.#nextWord(first); w >= 0; w = this.#nextWord(w + 1)) {
      if (w !== first) mask = -1;
      const rest = this.#look(this.#wordCell + w) & mask;
      if (rest !== 0) return (w << 5) + Math.clz32(rest);
    }
    return -1;
  }

  /** Reads word after word, unlike `Bitmap`: there is no shared index of the words that are not full. */
  nextClear(from: number): number {
    if (from >>> 0 !== from || from > this.size) throw badFrom("nextClear", from, this.size);
    let mask = -1 >>> (from & 31);
    for (let w = from >>> 5; w < this.#words; w += 1) {
      const rest = ~this.#memory.peek(this.#wordCell + w) & mask;
      if (rest !== 0) {
        const index = (w << 5) + Math.clz32(rest);
        return index < this.size ? index : -1;
      }
      mask = -1;
    }
    return -1;
  }

  takeLowest(): number {
    for (;;) {
      const w = this.#firstWord();
      if (w < 0) return -1;
      const word = this.#look(this.#wordCell + w);
      const bit = Math.clz32(word);
      if (word === 0) this.#retire(w);
      // What was seen may be gone: whoever clears the bit has it.
      else if (this.#clearBits(w, FIRST_BIT >>> bit) !== 0) return (w << 5) + bit;
    }
  }

  drain(into: Int32Array): number {
    const limit = into.length;
    let taken = 0;
    let w = limit === 0 ? -1 : this.#firstWord();
    while (w >= 0 && taken < limit) {
      const word = this.#look(this.#wordCell + w);
      if (word === 0) {
        this.#retire(w);
      } else {
        const room = limit - taken;
        let got = this.#clearBits(w, room >= 32 ? -1 : firstBits(word, room));
        for (; got !== 0; taken += 1) {
          const bit = Math.clz32(got);
          into[taken] = (w << 5) + bit;
          got ^= FIRST_BIT >>> bit;
        }
      }
      w = this.#nextWord(w + 1);
    }
    return taken;
  }

  [Symbol.iterator](): IterableIterator<number> {
    return bitsOf(this);
  }

  copy(): AtomicBitmap {
    const copy = new AtomicBitmap(this.size);
    for (let w = this.#nextWord(0); w >= 0; w = this.#nextWord(w + 1)) {
      const word = this.#memory.load(this.#wordCell + w);
      if (word !== 0) copy.#setBits(w, word);
    }
    return copy;
  }

  equals(other: BitSet): boolean {
    return sameBits(this, other);
  }

  toBytes(): Uint8Array {
    return wordsToBytes(this.size, (index) =>
      reverseBits(this.#memory.load(this.#wordCell + index)),
    );
  }

  /** A plain look, and an atomic one before believing that there is nothing. */
  #look(cell: number): number {
    const seen = this.#memory.peek(cell);
    return seen !== 0 ? seen : this.#memory.load(cell);
  }

  /** Sets these bits of a word. @returns Those that were not set before. */
  #setBits(w: number, bits: number): number {
    const added = ~this.#memory.or(this.#wordCell + w, bits) & bits;
    if (added !== 0) this.#memory.add(COUNT_CELL, popcount(added));
    // Also when nothing was added: who set the bit first may not have come to its summary yet.
    this.#announce(w);
    return added;
  }

  /** Clears these bits of a word. @returns Those that were set before. */
  #clearBits(w: number, bits: number): number {
    const before = this.#memory.and(this.#wordCell + w, ~bits);
    const removed = before & bits;
    if (removed === 0) return 0;
    this.#memory.add(COUNT_CELL, -popcount(removed));
    if ((before & ~bits) === 0) this.#retire(w);
    return removed;
  }

  /** After a word was marked: has its bit in both levels above. */
  #announce(w: number): void {
    const s = w >>> 5;
    const inSummary = FIRST_BIT >>> w;
    const inTop = FIRST_BIT >>> s;
    const summary = this.#summaryCell + s;
    const top = TOP_CELL + (s >>> 5);
    // Not a plain look: a stale "it is there" would leave the mark unannounced.
    if ((this.#memory.load(summary) & inSummary) === 0) this.#memory.or(summary, inSummary);
    if ((this.#memory.load(top) & inTop) === 0) this.#memory.or(top, inTop);
  }

  /** After a word was seen empty: takes its bit out of the levels above, unless it was marked again. */
  #retire(w: number): void {
    const s = w >>> 5;
    const inSummary = FIRST_BIT >>> w;
    const before = this.#memory.and(this.#summaryCell + s, ~inSummary);
    if (this.#memory.load(this.#wordCell + w) !== 0) this.#announce(w);
    else if ((before & ~inSummary) === 0) this.#retireSummary(s);
  }

  /** The same, a level up. */
  #retireSummary(s: number): void {
    const inTop = FIRST_BIT >>> s;
    const top = TOP_CELL + (s >>> 5);
    this.#memory.and(top, ~inTop);
    if (this.#memory.load(this.#summaryCell + s) !== 0) this.#memory.or(top, inTop);
  }

  /** The lowest word that the summary has, or -1. Clears top bits that have nothing below them. */
  #firstWord(): number {
    for (let t = 0; t < this.#tops; t += 1) {
      for (let top = this.#look(TOP_CELL + t); top !== 0; top = this.#look(TOP_CELL + t)) {
        const s = (t << 5) + Math.clz32(top);
        const summary = this.#look(this.#summaryCell + s);
        if (summary !== 0) return (s << 5) + Math.clz32(summary);
        this.#retireSummary(s);
      }
    }
    return -1;
  }

  /** The first word at or after `from` that the summary has, or -1. Changes nothing. */
  #nextWord(from: number): number {
    let s = from >>> 5;
    let mask = -1 >>> (from & 31);
    while (s < this.#summaries) {
      const summary = this.#look(this.#summaryCell + s) & mask;
      if (summary !== 0) return (s << 5) + Math.clz32(summary);
      s = this.#nextSummary(s + 1);
      mask = -1;
    }
    return -1;
  }

  /** The first summary word at or after `from` that the top has, or one past the last. */
  #nextSummary(from: number): number {
    let mask = -1 >>> (from & 31);
    for (let t = from >>> 5; t < this.#tops; t += 1) {
      const top = this.#look(TOP_CELL + t) & mask;
      if (top !== 0) return (t << 5) + Math.clz32(top);
      mask = -1;
    }
    return this.#summaries;
  }
}

const byteLength = (size: number): number => {
  const words = wordsFor(size);
  const summaries = wordsFor(words);
  return 4 * (TOP_CELL + wordsFor(summaries) + summaries + words);
};

/** Writes the size into a fresh buffer, or checks that the one there is the same. */
const claim = (size: number, buffer: SharedArrayBuffer): SharedArrayBuffer => {
  const expected = byteLength(size);
  if (buffer.byteLength !== expected) {
    throw new BitmapError("AtomicBitmap", "wrong-size", { expected, actual: buffer.byteLength });
  }
  const actual = Atomics.compareExchange(new Int32Array(buffer), SIZE_CELL, 0, size);
  if (actual !== 0 && actual !== size) {
    throw new BitmapError("AtomicBitmap", "wrong-bitmap", { expected: size, actual });
  }
  return buffer;
};

/** The `many` first of a word's set bits; all, when there are no more. */
const firstBits = (word: number, many: number): number => {
  let rest = word;
  for (let left = many; left > 0 && rest !== 0; left -= 1) rest ^= FIRST_BIT >>> Math.clz32(rest);
  return word ^ rest;
};
