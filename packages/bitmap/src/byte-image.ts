import { BitmapError } from "./bitmap-error.ts";
import { wordsFor } from "./bits.ts";

/** Bytes of the image of so many bits. */
const imageLength = (size: number): number => Math.ceil(size / 8);

/** Words, bit i of each with the weight `1 << i`, to an image in Xen's order. */
export const wordsToBytes = (size: number, wordAt: (index: number) => number): Uint8Array => {
  const bytes = new Uint8Array(imageLength(size));
  let word = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    if ((index & 3) === 0) word = wordAt(index >>> 2);
    bytes[index] = word;
    word >>>= 8;
  }
  return bytes;
};

/**
 * An image in Xen's order to words, bit i of each with the weight `1 << i`.
 *
 * @throws BitmapError "wrong-size" unless `bytes` is exactly ⌈size / 8⌉ long; "stray-bit" when the
 *   last byte has a bit set at or past `size`: whoever wrote it believes in another size.
 */
export const bytesToWords = (where: string, size: number, bytes: Uint8Array): Int32Array => {
  const expected = imageLength(size);
  if (bytes.length !== expected) {
    throw new BitmapError(where, "wrong-size", { expected, actual: bytes.length });
  }
  const words = new Int32Array(wordsFor(size));
  for (let index = 0; index < expected; index += 1) {
    const word = index >>> 2;
    words[word] = (words[word] as number) | ((bytes[index] as number) << (8 * (index & 3)));
  }
  const last = words.length - 1;
  const stray = (size & 31) === 0 ? 0 : (words[last] as number) & (-1 << size);
  if (stray !== 0) {
    throw new BitmapError(where, "stray-bit", {
      bit: (last << 5) + 31 - Math.clz32(stray & -stray),
      size,
    });
  }
  return words;
};
