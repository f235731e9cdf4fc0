/**
 * Little-endian fields of a Uint8Array, at any alignment, on a host of any byte order.
 * The callers have checked the length: no byte that is read or written here is past the end.
 */

/** A u16 as 0 … 65,535. */
export const halfAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

/** A u32 as a signed number; `>>> 0` makes it unsigned. */
export const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

/** Writes the low 16 bits of a number. */
export const setHalf = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
};

/** Writes the low 32 bits of a number. */
export const setWord = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
};

const pair = new Uint32Array(2);
const joined = new BigUint64Array(pair.buffer);
/** Which word of a typed array is the low half, on this host. */
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/**
 * The bigint of two u32 halves.
 *
 * @param low - Bits 0 … 31; signed or unsigned.
 * @param high - Bits 32 … 63; signed or unsigned.
 */
export const joinHalves = (low: number, high: number): bigint => {
  // Through memory, because this makes one bigint; shifting and adding bigints makes four.
  pair[LOW] = low;
  pair[HIGH] = high;
  return joined[0] as bigint;
};
