import { binary } from "./binary.ts";

/** How many strings end inside `bytes`: its NULs. */
export const countStrings = (bytes: Uint8Array): number => {
  let count = 0;
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, at + 1)) count += 1;
  return count;
};

/**
 * Reads a payload that must be exactly one string, whose only NUL is the last byte.
 *
 * Of READ, DIRECTORY, MKDIR, RM, GET_PERMS, TRANSACTION_END, RELEASE, RESUME, GET_DOMAIN_PATH and
 * IS_DOMAIN_INTRODUCED.
 *
 * @returns A binary string without the NUL; undefined for anything else (the daemon's EINVAL).
 */
export const oneString = (payload: Uint8Array): string | undefined => {
  const last = payload.length - 1;
  return last >= 0 && payload.indexOf(0) === last ? binary(payload, 0, last) : undefined;
};

/**
 * Reads the strings that end inside a payload. Bytes behind the last NUL are ignored; without a NUL there is no
 * string at all.
 *
 * Of WATCH, UNWATCH, INTRODUCE, SET_TARGET, GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA, SET_PERMS and
 * DIRECTORY_PART, which differ in how many they want.
 */
export const strings = (payload: Uint8Array): string[] => {
  const list: string[] = [];
  let start = 0;
  for (let at = payload.indexOf(0); at !== -1; at = payload.indexOf(0, start)) {
    list.push(binary(payload, start, at));
    start = at + 1;
  }
  return list;
};

/** A string, and the bytes behind it. */
export interface StringAndRest {
  readonly text: string;
  /** A view into the payload, perhaps empty; any bytes. */
  readonly rest: Uint8Array;
}

/** Reads WRITE's payload: the first NUL ends the string, the rest is bytes. Undefined without a NUL. */
export const stringAndRest = (payload: Uint8Array): StringAndRest | undefined => {
  const end = payload.indexOf(0);
  return end === -1
    ? undefined
    : { text: binary(payload, 0, end), rest: payload.subarray(end + 1) };
};

/** A payload of strings, each ended by a NUL. Binary strings without a NUL in them. */
export const joinStrings = (list: readonly string[]): string =>
  list.length === 0 ? "" : `${list.join("\0")}\0`;
