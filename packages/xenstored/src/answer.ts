import { bytesOf, MESSAGE, PAYLOAD_MAX, WIRE_ERRNO } from "@xenkit/xenstore-wire";
import type { Connection } from "./connection.ts";
import { traceLine } from "./control-log.ts";
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
  const pending = rooms.pressure.begin(connection);
  const before = rooms.store.generation;
  rooms.events.cause = pending;
  const request: Request = { connection, transaction, tree, payload, afterReply: undefined };
  let reply: Reply;
  if (requestType === undefined) reply = "ENOSYS";
  else if (requestType.privileged && !connection.privileged) reply = "EACCES";
  else if (txId !== 0 && transaction === undefined && !requestType.ignoresTransaction)
    reply = "ENOENT";
  else reply = run(rooms, request, requestType.answer);
  const error =
    typeof reply === "string" ? reply : reply.length > PAYLOAD_MAX ? "E2BIG" : undefined;
  rooms.counters.request(type, error);
  if (rooms.trace.traces("io")) rooms.log(traceLine(connection, message, error));
  if (transaction !== undefined && requestType?.repeatable) {
    transaction.log?.add(requestType, payload, reply);
  }
  // What a request did may have ended its own connection.
  if (connection.closed) {
    rooms.events.cause = undefined;
    return;
  }
  if (error === undefined)
    connection.output.reply({ type, reqId, txId }, reply as Uint8Array, pending);
  else {
    const errorPayload = ERROR_PAYLOADS.get(error) ?? NO_PAYLOAD;
    connection.output.reply({ type: MESSAGE.error, reqId, txId }, errorPayload, pending);
  }
  request.afterReply?.();
  rooms.events.cause = undefined;
  // A guest that changes what others' transactions may have read pays for it.
  if (pending !== undefined && rooms.store.generation !== before && rooms.transactions.open > 0) {
    rooms.credits.spend(connection.domid);
  }
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
