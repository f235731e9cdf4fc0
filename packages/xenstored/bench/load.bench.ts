import { bench, type Row, type Target } from "@xenkit/bench";
import { joinStrings } from "@xenkit/xenstore-wire";
import { C, type Contender, ECHOES, EPOLL, LIBUV, startContenders } from "./contenders.ts";
import { joined, request } from "./load-client.ts";

/** What a daemon costs under load, beside the real ones. */

const WATCHES = 1000;
const CHILDREN = 10_000;
const WRITERS = 8;

const READ = request("read", "/load/value\0");
const READS = (count: number): Uint8Array => joined(Array.from({ length: count }, () => READ));
const THREE_WRITES = joined(
  ["a", "b", "c"].map((name) => request("write", `/load/${name}\0some value`)),
);
const WATCHED = request("write", "/load/watched\0x");

/** One row's work on one contender: prepared once, then measured again and again. */
type Prepare = (contender: Contender) => () => number;

const prepareStore = ({ connect, name }: Contender): void => {
  if (ECHOES.has(name)) return;
  const client = connect(1);
  client.sequence(request("write", `/load/value\0${"v".repeat(20)}`));
  client.sequence(request("write", "/load/watched\0"));
  client.close();
};

const reads =
  (connections: number, inFlight: number, rounds: number): Prepare =>
  ({ connect, measure }) => {
    const client = connect(connections);
    const batch = READS(inFlight);
    return () =>
      measure(connections * inFlight * rounds, () => client.rounds(batch, inFlight, rounds));
  };

const transactions =
  (writers: number, rounds: number): Prepare =>
  ({ connect, measure }) => {
    const client = connect(writers);
    return () => measure(writers * rounds, () => client.transactions(THREE_WRITES, rounds));
  };

const events: Prepare = ({ connect, measure }) => {
  const client = connect(2);
  for (let index = 0; index < WATCHES; index += 1) {
    // The reply, and the first event.
    client.ask(request("watch", joinStrings(["/load/watched", `${index}`])), 2);
  }
  const rounds = 5;
  return () => measure(WATCHES * rounds, () => client.events(WATCHED, WATCHES, rounds));
};

const children: Prepare = ({ connect, measure }) => {
  const client = connect(1);
  const requests = joined(
    Array.from({ length: CHILDREN }, (_, index) => request("mkdir", `/children/${index}\0`)),
  );
  return () => {
    const cost = measure(CHILDREN, () => client.sequence(requests));
    client.sequence(request("rm", "/children\0"));
    return cost;
  };
};

const ROWS: Readonly<Record<string, Prepare>> = {
  "READ, one at a time": reads(1, 1, 500),
  "READ, 16 in flight": reads(1, 16, 100),
  "READ, 128 in flight": reads(1, 128, 40),
  "READ, 64 connections": reads(64, 1, 20),
  "transaction of 3 writes": transactions(1, 100),
  [`the same, ${WRITERS} conflicting writers`]: transactions(WRITERS, 10),
  [`event, to ${WATCHES} watches of a connection`]: events,
  [`creating one of ${CHILDREN} children`]: children,
};

/** An echo server has no events to tell. */
const WITHOUT_ECHO: ReadonlySet<Prepare> = new Set([events]);

/** Ratios to C. */
const TARGETS: readonly (readonly [row: string, atMost: number])[] = [
  ["READ, one at a time", 0.8],
  ["READ, 16 in flight", 0.2],
  ["READ, 128 in flight", 0.12],
  ["READ, 64 connections", 0.8],
  ["transaction of 3 writes", 0.7],
  [`the same, ${WRITERS} conflicting writers`, 0.3],
  [`event, to ${WATCHES} watches of a connection`, 0.25],
  [`creating one of ${CHILDREN} children`, 0.6],
];

/** A daemon runs for months: what counts is what it costs once the optimiser has seen it. */
const WARM_UP = 30;

const contenders: Contender[] = [];

await bench(import.meta, {
  name: "load",
  title: "What a request costs the daemon",
  unit: "µs of the daemon's CPU per operation",
  baseline: C,
  rounds: 7,
  verify: async () => {
    contenders.push(...(await startContenders()));
    // Each of them fails here unless it answers every request as it should.
    for (const contender of contenders) prepareStore(contender);
  },
  rows: () =>
    Object.entries(ROWS).map(([name, prepare]): Row => {
      const able = contenders.filter(({ name }) => !ECHOES.has(name) || !WITHOUT_ECHO.has(prepare));
      return {
        name,
        contenders: Object.fromEntries(able.map((each) => [each.name, lazily(prepare, each)])),
      };
    }),
  targets: [
    ...TARGETS.map(([row, atMost]): Target => ({ row, contender: EPOLL, against: C, atMost })),
    { row: "READ, 64 connections", contender: LIBUV, against: C, atMost: 1.4 },
  ],
  notes:
    "Daemon and client share one CPU; the figures are of the daemon's process clock, kernel included. The echo servers (C: epoll, one read and one write of the same bytes; libuv: Node's own sockets) do no more than read and write: nothing that serves sockets in their way gets below them.",
});
for (const { stop } of contenders) await stop();

/** A row is prepared when it is its turn: what it leaves must not be in the rows before. */
function lazily(prepare: Prepare, contender: Contender): () => number {
  let prepared: (() => number) | undefined;
  return () => {
    if (prepared === undefined) {
      prepared = prepare(contender);
      const rounds =
        (contender.name.startsWith("ours") || ECHOES.has(contender.name)) && prepare !== children
          ? WARM_UP
          : 0;
      for (let round = 0; round < rounds; round += 1) prepared();
    }
    return prepared();
  };
}
