import { HEADER_SIZE, writeHeader } from "./header.ts";

/** One message, in either direction. */
export interface Message {
  /** A `MESSAGE`, or any other u32. */
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
  /** 0 to 4096 bytes. */
  readonly payload: Uint8Array;
}

/**
 * A message as bytes: header and payload.
 *
 * @throws WireError `out-of-range`, `payload-too-long`.
 */
export const encodeMessage = ({ type, reqId, txId, payload }: Message): Uint8Array => {
  const bytes = new Uint8Array(HEADER_SIZE + payload.length);
  writeHeader({ type, reqId, txId, length: payload.length }, bytes);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
};
