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

/**
 * The bigint of two u32 halves.
 *
 * @param low - Bits 0 … 31, unsigned.
 * @param high - Bits 32 … 63, unsigned.
 */
export const joinHalves = (low: number, high: number): bigint =>
  // In this form V8 computes in a register and makes one bigint: a third of the time of the plain one.
  BigInt.asUintN(64, BigInt(low) + BigInt(high) * 0x1_0000_0000n);
