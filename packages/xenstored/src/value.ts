import { binary, bytesOf } from "@xenkit/xenstore-wire";

/**
 * A node's value: any bytes. Both kinds have their `length` in bytes.
 *
 * Short ones are kept as binary strings: a typed array of its own costs 200 bytes more than its content.
 */
export type Value = string | Uint8Array;

/** Up to here making a string is no slower than copying the bytes. */
const SHORT = 128;

/** No bytes. */
export const NO_VALUE: Value = "";

/** Keeps bytes: a copy. */
export const packValue = (bytes: Uint8Array): Value =>
  bytes.length <= SHORT ? binary(bytes) : bytes.slice();

/** The bytes; not to be changed. */
export const unpackValue = (value: Value): Uint8Array =>
  typeof value === "string" ? bytesOf(value) : value;
