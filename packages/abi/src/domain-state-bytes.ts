/**
 * get_domain_state in place, over any caller's bytes: at any alignment, on any byte order of the
 * host, without allocating. Byte by byte, because a Uint8Array is all that a caller hands in.
 */

import { DOMCTL_SIZE } from "./domctl.ts";
import { AbiError } from "./errors.ts";
import { DOMCTL } from "./hypercalls.ts";

/**
 * Throws unless the bytes have room for a whole domctl.
 *
 * @throws {@link AbiError} `wrong-size`.
 */
export const checkDomctlBytes = (bytes: Uint8Array): void => {
  if (bytes.length < DOMCTL_SIZE) {
    throw new AbiError("wrong-size", "xen_domctl", {
      expected: DOMCTL_SIZE,
      actual: bytes.length,
    });
  }
};

// Callers have checked the length: no byte that is read here is past the end.
const halfAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const setHalf = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
};

const setWord = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
};

/** `cmd` of a domctl: u32. Needs 144 bytes, or throws `wrong-size`. */
export const readCommand = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return wordAt(bytes, 0) >>> 0;
};

/** `interface_version` of a domctl: u32. Needs 144 bytes, or throws `wrong-size`. */
export const readInterfaceVersion = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return wordAt(bytes, 4) >>> 0;
};

/** `domain` of a domctl: u16. Needs 144 bytes, or throws `wrong-size`. */
export const readDomain = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return halfAt(bytes, 8);
};

/** Writes `domain` of a domctl and nothing else, as an answer does. Bits above 16 are dropped. */
export const writeDomain = (bytes: Uint8Array, domid: number): void => {
  checkDomctlBytes(bytes);
  setHalf(bytes, 8, domid);
};

/** `state` of get_domain_state: u16. Needs 144 bytes, or throws `wrong-size`. */
export const readState = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return halfAt(bytes, 16);
};

/** `caps` of get_domain_state: u16. Needs 144 bytes, or throws `wrong-size`. */
export const readCaps = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return halfAt(bytes, 18);
};

/** `pad0` of get_domain_state: u32, 0 in a good request. Needs 144 bytes, or throws `wrong-size`. */
export const readPad0 = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return wordAt(bytes, 20) >>> 0;
};

/** Bits 0 … 31 of `unique_id`, as u32. Needs 144 bytes, or throws `wrong-size`. */
export const readUniqueIdLow = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return wordAt(bytes, 24) >>> 0;
};

/** Bits 32 … 63 of `unique_id`, as u32. Needs 144 bytes, or throws `wrong-size`. */
export const readUniqueIdHigh = (bytes: Uint8Array): number => {
  checkDomctlBytes(bytes);
  return wordAt(bytes, 28) >>> 0;
};

/**
 * Writes a request for one domain, or with `DOMID.invalid` for the next changed one.
 *
 * Sets the header (`cmd` 90, `interface_version` 0, pad 0) and clears the payload; the rest of the
 * union is left as it is. Bits of the domid above 16 are dropped.
 */
export const writeRequest = (bytes: Uint8Array, domid: number): void => {
  checkDomctlBytes(bytes);
  setWord(bytes, 0, DOMCTL.getDomainState);
  setWord(bytes, 4, 0);
  setWord(bytes, 8, domid & 0xffff);
  for (let at = 12; at < 32; at += 1) bytes[at] = 0;
};

/**
 * Writes an answer, exactly the bytes that the hypervisor writes: `domain` (8 … 9) and the payload
 * (16 … 31, `pad0` 0). Header pad and the rest of the union stay as the caller sent them.
 *
 * Values are cut to the width of their field: the caller vouches for them.
 *
 * @param uniqueIdLow - Bits 0 … 31; signed or unsigned.
 * @param uniqueIdHigh - Bits 32 … 63; signed or unsigned.
 */
export const writeAnswer = (
  bytes: Uint8Array,
  domid: number,
  state: number,
  caps: number,
  uniqueIdLow: number,
  uniqueIdHigh: number,
): void => {
  checkDomctlBytes(bytes);
  setHalf(bytes, 8, domid);
  setHalf(bytes, 16, state);
  setHalf(bytes, 18, caps);
  setWord(bytes, 20, 0);
  setWord(bytes, 24, uniqueIdLow);
  setWord(bytes, 28, uniqueIdHigh);
};
