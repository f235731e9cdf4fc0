import { WireError } from "./wire-error.ts";

/** Below this many arguments `String.fromCharCode.apply` is safe on every engine. */
const PIECE = 4096;

/**
 * Bytes as a binary string: one code unit, 0 to 0xff, per byte. Paths and tokens are kept like this: it loses
 * nothing, compares as bytes and serves as a key.
 */
export const binary = (bytes: Uint8Array, start = 0, end: number = bytes.length): string => {
  if (end - start <= PIECE) return piece(bytes, start, end);
  let text = "";
  for (let from = start; from < end; from += PIECE) {
    text += piece(bytes, from, Math.min(end, from + PIECE));
  }
  return text;
};

/**
 * The bytes of a binary string.
 *
 * @throws WireError `not-bytes` for a code unit above 0xff.
 */
export const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  writeBinary(text, bytes, 0);
  return bytes;
};

/**
 * Writes the bytes of a binary string, and returns the offset behind them.
 *
 * @throws WireError `not-bytes` for a code unit above 0xff.
 */
export const writeBinary = (text: string, target: Uint8Array, offset: number): number => {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0xff) {
      const message = `not-bytes: the code unit 0x${unit.toString(16)} at ${index} stands for no byte`;
      throw new WireError("not-bytes", message, { index, unit });
    }
    target[offset + index] = unit;
  }
  return offset + text.length;
};

const piece = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
