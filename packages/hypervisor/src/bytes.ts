/**
 * Little-endian fields of a caller's buffer, in place. The buffer of a hypercall can start at any
 * byte, so these go byte by byte. Callers have checked the length of the struct: nothing here does.
 */

export const readU16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

/** As a signed 32-bit integer: for comparing with 0, or as half of a 64-bit number. */
export const readI32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

export const readU32 = (bytes: Uint8Array, at: number): number => readI32(bytes, at) >>> 0;

export const writeU16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
};

export const writeU32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
};
