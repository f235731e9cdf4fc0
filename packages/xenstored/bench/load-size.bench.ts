import { bench, type Row } from "@xenkit/bench";
import { C, type Contender, EPOLL, OCAML, startContenders } from "./contenders.ts";
import { joined, request } from "./load-client.ts";

/** What a request costs in a large store, beside the real daemons. */

const NODES = 100_000;
const FEW = 100;
const FOLDER = 100;
/** Of a contender that holds the small tree. */
const SMALL = `${EPOLL}, ${FEW} nodes`;

const READ = request("read", "/tree/0/7\0");
const WRITES = joined(
  ["1", "2", "3"].map((name) => request("write", `/tree/0/${name}\0${"w".repeat(64)}`)),
);

/** So many nodes, a hundred to a folder. */
const tree = (nodes: number): Uint8Array =>
  joined(
    Array.from({ length: nodes }, (_, index) =>
      request("write", `/tree/${Math.floor(index / FOLDER)}/${index}\0${"v".repeat(64)}`),
    ),
  );

const reads = ({ connect, measure }: Contender): (() => number) => {
  const client = connect(1);
  return () => measure(500, () => client.rounds(READ, 1, 500));
};

const transactions = ({ connect, measure }: Contender): (() => number) => {
  const client = connect(1);
  return () => measure(50, () => client.transactions(WRITES, 50));
};

/** The real ones take seconds for it, and minutes for the tree: once is enough for them. */
const removal = (contender: Contender): (() => number) => {
  const { connect, measure, name } = contender;
  const client = connect(1);
  let last: number | undefined;
  return () => {
    if (last !== undefined && name !== EPOLL) return last;
    if (last !== undefined) client.sequence(TREE);
    last = measure(1, () => client.sequence(request("rm", "/tree\0")));
    return last;
  };
};

const TREE = tree(NODES);
const contenders: Contender[] = [];

const row = (
  name: string,
  prepare: (contender: Contender) => () => number,
  wanted: readonly Contender[],
): Row => ({
  name,
  contenders: Object.fromEntries(wanted.map((each) => [each.name, prepare(each)])),
});

await bench(import.meta, {
  name: "load-size",
  title: `What a request costs the daemon in a store of ${NODES} nodes`,
  unit: "µs of the daemon's CPU per operation",
  baseline: C,
  rounds: 5,
  verify: async () => {
    const started = await startContenders([C, OCAML, EPOLL]);
    const [small] = await startContenders([EPOLL]);
    if (small === undefined) throw new Error("no small one");
    contenders.push(...started, { ...small, name: SMALL });
    for (const { name, connect } of contenders) {
      connect(1).sequence(name === SMALL ? tree(FEW) : TREE);
    }
    // A daemon runs for months: what counts is what it costs once the optimiser has seen it.
    for (const { name, connect } of contenders) {
      if (name !== EPOLL && name !== SMALL) continue;
      const client = connect(1);
      client.rounds(READ, 1, 30_000);
      client.transactions(WRITES, 3000);
      client.close();
    }
  },
  rows: () => {
    const large = contenders.filter(({ name }) => name !== SMALL);
    return [
      row(`READ, among ${NODES} nodes`, reads, contenders),
      row(`transaction of 3 writes, among ${NODES} nodes`, transactions, contenders),
      row(`RM of ${NODES} nodes`, removal, large),
    ];
  },
  targets: [
    { row: `READ, among ${NODES} nodes`, contender: EPOLL, against: SMALL, atMost: 1.1 },
    {
      row: `transaction of 3 writes, among ${NODES} nodes`,
      contender: EPOLL,
      against: SMALL,
      atMost: 1.1,
    },
    { row: `RM of ${NODES} nodes`, contender: EPOLL, atMostTime: 20_000 },
  ],
});
for (const { stop } of contenders) await stop();
