import { connectSocket } from "@xenkit/oracle";
import { binary, bytesOf, encodeMessage, joinStrings, MESSAGE } from "@xenkit/xenstore-wire";
import type { Random } from "./random.ts";

/** What one client did. */
export interface ClientCounts {
  requests: number;
  /** Replies, each with the number of its request, in order. */
  replies: number;
  events: number;
  conflicts: number;
}

/** Requests in one write. */
const BATCH = 32;
const TOKENS = 8;

/**
 * One client's life: watches, reads, writes, transactions that are committed, aborted or left open, in batches; then it
 * hangs up.
 *
 * @param name - Of its own part of the store.
 * @param wanted - How many requests, about.
 */
export const clientLife = async (
  path: string,
  name: string,
  wanted: number,
  random: Random,
): Promise<ClientCounts> => {
  const counts: ClientCounts = { requests: 0, replies: 0, events: 0, conflicts: 0 };
  await using connection = await connectSocket(path);
  let open: number[] = [];
  while (counts.requests < wanted) {
    const requests = Array.from({ length: BATCH }, () => plan(name, open, random));
    const first = counts.requests;
    counts.requests += requests.length;
    const sent = requests.map(({ type, payload, txId }, index) =>
      encodeMessage({ type, txId, reqId: first + index, payload: bytesOf(payload) }),
    );
    await connection.send(Buffer.concat(sent));
    const started: number[] = [];
    for (let index = 0; index < requests.length; ) {
      const { type, reqId, payload } = connection.take() ?? (await connection.receive());
      if (type === MESSAGE.watchEvent) {
        counts.events += 1;
        continue;
      }
      if (reqId === first + index) counts.replies += 1;
      if (type === MESSAGE.transactionStart) started.push(Number.parseInt(binary(payload), 10));
      if (type === MESSAGE.error && binary(payload) === "EAGAIN\0") counts.conflicts += 1;
      index += 1;
    }
    const ended = requests.flatMap(({ type, txId }) =>
      type === MESSAGE.transactionEnd ? [txId] : [],
    );
    open = [...open, ...started].filter((id) => !ended.includes(id));
  }
  return counts;
};

interface Planned {
  readonly type: number;
  readonly payload: string;
  readonly txId: number;
}

const plan = (name: string, open: readonly number[], random: Random): Planned => {
  const own = `/soak/${name}/${random(6)}`;
  // Everybody writes here: transactions meet.
  const shared = `/soak/shared/${random(4)}`;
  const path = random(3) === 0 ? shared : own;
  const txId = random(2) === 0 ? (open[random(Math.max(open.length, 1))] ?? 0) : 0;
  const token = `${random(TOKENS)}`;
  const request = (type: number, payload: string, id = txId): Planned => ({
    type,
    payload,
    txId: id,
  });
  switch (random(10)) {
    case 0:
    case 1:
      return request(MESSAGE.read, `${path}\0`);
    case 2:
    case 3:
    case 4:
      return request(MESSAGE.write, `${path}\0${"v".repeat(random(64))}`);
    case 5:
      return request(MESSAGE.rm, `${own}\0`);
    case 6:
      return request(MESSAGE.watch, joinStrings([own, token]), 0);
    case 7:
      return request(MESSAGE.unwatch, joinStrings([own, token]), 0);
    case 8:
      return open.length < 4
        ? request(MESSAGE.transactionStart, "\0", 0)
        : request(MESSAGE.transactionEnd, random(2) === 0 ? "F\0" : "T\0", open[0]);
    default:
      return request(MESSAGE.directory, `/soak/${name}\0`);
  }
};
