import { bytesOf, MESSAGE, PAYLOAD_MAX, WIRE_ERRNO } from "@xenkit/xenstore-wire";
import type { Connection } from "./connection.ts";
import { Refusal } from "./refusal.ts";
import type { Reply, Request, Rooms } from "./request.ts";
import { REQUESTS } from "./request-table.ts";

/** A request as it came. */
export interface RequestMessage {
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
  readonly payload: Uint8Array;
}

const ERROR_PAYLOADS: ReadonlyMap<string, Uint8Array> = new Map(
  Object.keys(WIRE_ERRNO).map((name) => [name, bytesOf(`${name}\0`)]),
);
const NO_PAYLOAD = new Uint8Array(0);

/**
 * Answers one request: queues the events that it causes, then its reply.
 *
 * The order of the checks is the protocol's: type, privilege, transaction id, then the request's own.
 */
export const answer = (rooms: Rooms, connection: Connection, message: RequestMessage): void => {
  const { type, reqId, txId, payload } = message;
  const requestType = REQUESTS.get(type);
  const transaction =
    txId === 0 || requestType?.ignoresTransaction ? undefined : connection.transactions.get(txId);
  const tree = transaction ?? rooms.store;
  const request: Request = { connection, transaction, tree, payload, afterReply: undefined };
  let reply: Reply;
  if (requestType === undefined) reply = "ENOSYS";
  else if (requestType.privileged && !connection.privileged) reply = "EACCES";
  else if (txId !== 0 && transaction === undefined && !requestType.ignoresTransaction)
    reply = "ENOENT";
  else reply = run(rooms, request, requestType.answer);
  // What a request did may have ended its own connection.
  if (connection.closed) return;
  const error =
    typeof reply === "string" ? reply : reply.length > PAYLOAD_MAX ? "E2BIG" : undefined;
  if (error === undefined) connection.output.reply({ type, reqId, txId }, reply as Uint8Array);
  else {
    const errorPayload = ERROR_PAYLOADS.get(error) ?? NO_PAYLOAD;
    connection.output.reply({ type: MESSAGE.error, reqId, txId }, errorPayload);
  }
  request.afterReply?.();
  connection.sink.output();
};

const run = (
  rooms: Rooms,
  request: Request,
  handle: (rooms: Rooms, request: Request) => Reply,
): Reply => {
  try {
    return handle(rooms, request);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
};
