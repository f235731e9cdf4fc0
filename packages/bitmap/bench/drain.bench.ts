import { bench } from "@xenkit/bench";
import { BITS, OURS } from "./contenders.ts";
import { inBatch, markAndBatch, poolFor, pulls, samplers } from "./cycles.ts";
import { C_BATCH, C_NOTE, c } from "./native.ts";
import { verify } from "./verify.ts";

const PEERS = [
  "typedfastbitset",
  "fastbitset",
  "bitset",
  "roaring-wasm",
  "@thi.ng/bitfield",
  "mnemonist",
];

const row = (name: string, bits: number) => ({
  name,
  contenders: {
    [C_BATCH]: () => c.hier_batches(bits, poolFor(bits), Math.ceil(800_000 / bits / poolFor(bits))),
    ...pulls(inBatch, bits),
  },
});

await bench(import.meta, {
  name: "drain",
  title: "Take all bits at once, of 32,768",
  unit: "ns per bit taken: all into an array, ascending, of bits marked at random before",
  baseline: C_BATCH,
  verify,
  rows: () => [
    row("1 bit", 1),
    row("8 bits", 8),
    row("64 bits", 64),
    row("all", BITS),
    { name: "64 bits, marking included", contenders: samplers(markAndBatch, 64) },
  ],
  targets: [
    { row: "all", contender: OURS, against: C_BATCH, atMost: 1.7 },
    ...PEERS.map((peer) => ({ row: "64 bits", contender: OURS, against: peer, atMost: 1 / 8 })),
    { row: "64 bits, marking included", contender: OURS, against: "roaring-wasm", atMost: 1 / 8 },
  ],
  notes: `Only the taking is timed, of a pool of bitmaps marked before; but in the last column all. roaring-wasm keeps few bits as a sorted list: it does the work when marking, and taking is a copy. ${C_NOTE}`,
});
