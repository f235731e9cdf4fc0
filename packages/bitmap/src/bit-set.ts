/**
 * A set of the integers 0..size-1, as bits.
 *
 * Every index is an integer in 0..size-1, every bound `from`, `to` an integer in 0..size with
 * `from <= to`; anything else throws a `BitmapError` "out-of-range" and changes nothing.
 */
export interface BitSet extends Iterable<number> {
  /** Number of bits, set or not. */
  readonly size: number;
  /** Number of set bits. O(1). */
  readonly count: number;
  /** Sets one bit. */
  set(index: number): void;
  /** Clears one bit. */
  clear(index: number): void;
  /** Whether the bit is set. */
  test(index: number): boolean;
  /** Sets one bit. @returns Whether it was set before. */
  testAndSet(index: number): boolean;
  /** Clears one bit. @returns Whether it was set before. */
  testAndClear(index: number): boolean;
  /** Sets the bits `from <= i < to`. */
  setRange(from: number, to: number): void;
  /** Clears the bits `from <= i < to`. */
  clearRange(from: number, to: number): void;
  /** Sets every bit. */
  fill(): void;
  /** Clears every bit. */
  clearAll(): void;
  /** @returns The first set bit at or after `from` (0..size), or -1. */
  nextSet(from: number): number;
  /** @returns The first clear bit at or after `from` (0..size), or -1; never a bit past the end. */
  nextClear(from: number): number;
  /** Finds the lowest set bit and clears it. @returns Its index, or -1 when no bit is set. */
  takeLowest(): number;
  /**
   * Takes the lowest set bits, as many as fit: writes their indices to `into` in ascending order
   * and clears them. What lies past the returned number in `into` is left as it was.
   *
   * @returns How many were taken: 0..into.length.
   */
  drain(into: Int32Array): number;
  /** The set bits, ascending. Sees changes made on the way, ahead of where it stands. */
  [Symbol.iterator](): IterableIterator<number>;
  /** @returns A bitmap of its own with the same size and bits. */
  copy(): BitSet;
  /** Whether both have the same size and the same bits set. */
  equals(other: BitSet): boolean;
  /** @returns The image in Xen's order, ⌈size / 8⌉ bytes: bit i is bit i % 8 of byte i / 8. */
  toBytes(): Uint8Array;
}
