import { binary, type StringAndRest } from "@xenkit/xenstore-wire";

/** Clients ask for the same few paths again and again. A power of two. */
const SLOTS = 4096;
/** Longer ones are not kept: that bounds the memory. */
const LONGEST = 256;

/**
 * Paths that were read lately, by a hash of their bytes: finding one costs a quarter of making the string, and the
 * look-up that follows finds the string's own hash computed.
 *
 * What is kept makes no difference to what is returned: one for all daemons of a process.
 */
const KEPT: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);

/** As `oneString` of the wire, for a payload that is a path. */
export const pathArgument = (payload: Uint8Array): string | undefined => {
  const last = payload.length - 1;
  return last >= 0 && payload.indexOf(0) === last ? pathString(payload, last) : undefined;
};

/** As `stringAndRest` of the wire, for a path in front. */
export const pathAndRest = (payload: Uint8Array): StringAndRest | undefined => {
  const end = payload.indexOf(0);
  if (end === -1) return undefined;
  return { text: pathString(payload, end), rest: payload.subarray(end + 1) };
};

/** The first `length` bytes as a binary string. */
const pathString = (bytes: Uint8Array, length: number): string => {
  if (length > LONGEST) return binary(bytes, 0, length);
  let hash = 0;
  for (let at = 0; at < length; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
  const kept = KEPT[slot];
  if (kept !== undefined && equals(kept, bytes, length)) return kept;
  const text = binary(bytes, 0, length);
  KEPT[slot] = text;
  return text;
};

const equals = (text: string, bytes: Uint8Array, length: number): boolean => {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (text.charCodeAt(at) !== bytes[at]) return false;
  return true;
};
