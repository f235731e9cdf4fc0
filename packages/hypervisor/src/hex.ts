import { joinHalves } from "@xenkit/abi";

/** Bytes as lower-case hexadecimal digits; "" when all are 0. */
export const toHex = (bytes: Uint8Array): string => {
  if (bytes.every((byte) => byte === 0)) return "";
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
};

/** Writes hexadecimal digits over bytes of the same length; "" writes zeroes. */
export const fromHex = (hex: string, into: Uint8Array): void => {
  if (hex === "") into.fill(0);
  else
    for (let at = 0; at < into.length; at += 1)
      into[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
};

/** A 64-bit number of two signed halves, as `0x` and hexadecimal digits. */
export const idToHex = (low: number, high: number): string =>
  `0x${joinHalves(low, high).toString(16)}`;

/** The halves of a 64-bit number, signed. */
export const halvesOf = (id: bigint): { low: number; high: number } => ({
  low: Number(BigInt.asIntN(32, id)),
  high: Number(BigInt.asIntN(32, id >> 32n)),
});
