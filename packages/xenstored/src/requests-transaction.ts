import { bytesOf, oneString } from "@xenkit/xenstore-wire";
import { applyTransaction } from "./commit.ts";
import type { Connection } from "./connection.ts";
import { repeatTransaction } from "./repeat-transaction.ts";
import { OK, type Reply, type RequestType, type Rooms, requestType } from "./request.ts";
import { Transaction } from "./transaction.ts";
import { TransactionLog } from "./transaction-log.ts";

export const transactionStart: RequestType = requestType({
  read: () => true,
  handle: (rooms, { connection, transaction }) => {
    if (transaction !== undefined) return "EBUSY";
    const open = connection.transactions.size + 1;
    if (rooms.limits.refuses(connection, "transactions", open)) return "ENOSPC";
    const id = nextId(connection);
    connection.transactions.set(id, begin(rooms, connection, id));
    if (rooms.trace.enabled)
      rooms.traced(`connection ${connection.order}: transaction ${id} begins`);
    rooms.counters.transactionsStarted += 1;
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
    const result = decision === "T" ? conclude(rooms, connection, transaction) : OK;
    transaction.end();
    if (rooms.trace.enabled) {
      rooms.traced(`connection ${connection.order}: transaction ${transaction.id} has ended`);
    }
    if (decision === "F") rooms.counters.transactionsAborted += 1;
    return result;
  },
});

const begin = (rooms: Rooms, connection: Connection, id: number): Transaction => {
  const { store, limits, memory, usage, transactions, domains, conflicts } = rooms;
  const { domid, privileged } = connection;
  transactions.open += 1;
  return new Transaction({
    id,
    store,
    log: conflicts === "strict" ? undefined : new TransactionLog(),
    domainsEnded: domains.ended,
    refuse: (count, path, copy) => {
      if (limits.refuses(connection, "transaction-nodes", count)) return "ENOSPC";
      if (!privileged) usage.note(domid, "node-size", copy);
      return limits.refusesMemory(connection, domid, path + copy) ? "ENOMEM" : undefined;
    },
    // What a transaction makes counts as used before it is committed, whoever makes it.
    owns: (owner, more) => {
      if (owner !== domains.controlDomid && domains.get(owner) !== undefined)
        usage.note(owner, "nodes", store.index.owned(owner) + more);
    },
    charge: (change) => memory.charge(domid, change),
    ended: () => {
      transactions.open -= 1;
    },
  });
};

/** What the transaction touched is as it was; or asked again, on the store as it is now, it gives the same answers. */
const conclude = (rooms: Rooms, connection: Connection, transaction: Transaction): Reply => {
  const { counters } = rooms;
  if (transaction.failed) return "ENOMEM";
  if (transaction.unchangedOutside()) return commit(rooms, connection, transaction);
  const fresh = begin(rooms, connection, transaction.id);
  try {
    if (!repeatTransaction(rooms, connection, transaction, fresh)) {
      counters.conflicts += 1;
      return "EAGAIN";
    }
    counters.conflictsSpared += 1;
    return commit(rooms, connection, fresh);
  } finally {
    fresh.end();
  }
};

/** All or nothing: everything is judged before anything is applied. */
const commit = (rooms: Rooms, connection: Connection, transaction: Transaction): Reply => {
  const { store, events, limits, counters, domains } = rooms;
  const more = transaction.ownedChange(connection.domid);
  const owned = store.index.owned(connection.domid) + more;
  if (more > 0 && limits.refuses(connection, "nodes", owned)) return "ENOSPC";
  for (const change of applyTransaction(store, transaction, domains.control))
    events.committed(change);
  counters.transactionsCommitted += 1;
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
