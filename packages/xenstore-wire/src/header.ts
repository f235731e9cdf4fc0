import { WireError } from "./wire-error.ts";

/** Size of a message's header, in bytes. */
export const HEADER_SIZE = 16;

/** The longest payload, in bytes, in either direction. */
export const PAYLOAD_MAX = 4096;

/**
 * A message's header: four u32, little-endian.
 *
 * | offset | size | field    |
 * | -----: | ---: | -------- |
 * |      0 |    4 | `type`   |
 * |      4 |    4 | `reqId`  |
 * |      8 |    4 | `txId`   |
 * |     12 |    4 | `length` |
 *
 * The protocol says "the machine's byte order"; all that speak it are little-endian.
 */
export interface Header {
  /** A `MESSAGE`, or any other u32: a receiver answers ENOSYS. */
  readonly type: number;
  /** Chosen by the client, echoed in the reply; 0 in an event. Need not be unique. */
  readonly reqId: number;
  /** The transaction, 0 for none; echoed in the reply. */
  readonly txId: number;
  /** Payload bytes that follow. */
  readonly length: number;
}

/**
 * Writes a header at `offset`.
 *
 * @throws WireError `out-of-range` for a field that is no u32; `payload-too-long`.
 */
export const writeHeader = (header: Header, target: Uint8Array, offset = 0): void => {
  checkHeader(header);
  putU32(target, offset, header.type);
  putU32(target, offset + 4, header.reqId);
  putU32(target, offset + 8, header.txId);
  putU32(target, offset + 12, header.length);
};

/** Reads the header at `offset`. `length` is what stands there: any u32. */
export const readHeader = (bytes: Uint8Array, offset = 0): Header => ({
  type: getU32(bytes, offset),
  reqId: getU32(bytes, offset + 4),
  txId: getU32(bytes, offset + 8),
  length: getU32(bytes, offset + 12),
});

const checkHeader = ({ type, reqId, txId, length }: Header): void => {
  for (const [field, value] of [
    ["type", type],
    ["reqId", reqId],
    ["txId", txId],
  ] as const) {
    if (value === value >>> 0) continue;
    const message = `header.${field}: out-of-range (${value} is not a u32)`;
    throw new WireError("out-of-range", message, { field, value, max: 0xffff_ffff });
  }
  if (length > PAYLOAD_MAX) throw tooLong(length);
};

/** @internal */
export const tooLong = (
  length: number,
  limit: number = PAYLOAD_MAX,
): WireError<"payload-too-long"> =>
  new WireError("payload-too-long", `payload-too-long: ${length} bytes, ${limit} at most`, {
    length,
    limit,
  });

/** Reads a little-endian u32. */
export const getU32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)) >>>
  0;

/** Writes a little-endian u32. */
export const putU32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
};
