import { XenstoreError } from "./client-error.ts";

const encoder = new TextEncoder();
/** A BOM is part of the value: nothing is trimmed. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Longer than this, the platform's decoder is faster than ours. */
const SHORT = 96;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** UTF-8 to a string. Bytes that are no UTF-8 become U+FFFD. */
export const decodeText = (bytes: Uint8Array): string => {
  if (bytes.length > SHORT) return decoder.decode(bytes);
  for (let index = 0; index < bytes.length; index += 1) {
    if ((bytes[index] as number) > 0x7f) return decoder.decode(bytes);
  }
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
};

/** Writes `text` at `at`, and returns the offset behind it. There must be room: {@link textLength} tells. */
export const writeText = (text: string, target: Uint8Array, at: number): number => {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return at + encoder.encodeInto(text, target.subarray(at)).written;
    target[at + index] = unit;
  }
  return at + text.length;
};

/**
 * How many bytes `text` has as UTF-8.
 *
 * @throws XenstoreError `bad-argument` for half a surrogate pair: it has no UTF-8.
 */
export const textLength = (text: string): number => {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return lengthOfAny(text);
  }
  return text.length;
};

const lengthOfAny = (text: string): number => {
  if (LONE_SURROGATE.test(text)) {
    const what = "a value with half a surrogate pair";
    throw new XenstoreError("bad-argument", `bad-argument: ${what} is no UTF-8`, { what });
  }
  return encoder.encode(text).length;
};
