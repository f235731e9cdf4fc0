import { bytesOf, oneString } from "@xenkit/xenstore-wire";
import { applyTransaction } from "./commit.ts";
import type { Connection } from "./connection.ts";
import { OK, overQuota, type Reply, type RequestType, type Rooms, requestType } from "./request.ts";
import { Transaction } from "./transaction.ts";

export const transactionStart: RequestType = requestType({
  read: () => true,
  handle: (rooms, { connection, transaction }) => {
    if (transaction !== undefined) return "EBUSY";
    const open = connection.transactions.size + 1;
    if (overQuota(rooms, connection, "transactions", open)) return "ENOSPC";
    const id = nextId(connection);
    const mayTouch = (count: number): boolean =>
      !overQuota(rooms, connection, "transaction-nodes", count);
    connection.transactions.set(id, new Transaction({ id, store: rooms.store, mayTouch }));
    return bytesOf(`${id}\0`);
  },
});

export const transactionEnd: RequestType = requestType({
  read: (payload) => {
    const decision = oneString(payload);
    return decision === "T" || decision === "F" ? decision : undefined;
  },
  handle: (rooms, { connection, transaction }, decision) => {
    if (transaction === undefined) return "ENOENT";
    connection.transactions.delete(transaction.id);
    const result = decision === "T" ? commit(rooms, connection, transaction) : OK;
    transaction.end();
    return result;
  },
});

/** All or nothing: everything is judged before anything is applied. */
const commit = (rooms: Rooms, connection: Connection, transaction: Transaction): Reply => {
  const { store, events } = rooms;
  if (transaction.failed) return "ENOMEM";
  if (!transaction.unchangedOutside()) return "EAGAIN";
  const more = transaction.ownedChange(connection.domid);
  const owned = store.index.owned(connection.domid) + more;
  if (more > 0 && overQuota(rooms, connection, "nodes", owned)) return "ENOSPC";
  for (const change of applyTransaction(store, transaction)) events.committed(change);
  return OK;
};

/** Counts up, skips 0 and what is open, wraps at 2³². */
const nextId = (connection: Connection): number => {
  let id = connection.lastTransactionId;
  do {
    id = (id + 1) >>> 0;
  } while (id === 0 || connection.transactions.has(id));
  connection.lastTransactionId = id;
  return id;
};
