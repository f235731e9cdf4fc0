import { bench } from "@xenkit/bench";
import { BITS, OURS } from "./contenders.ts";
import { inBatch, samplers } from "./cycles.ts";
import { C_BATCH, c } from "./native.ts";
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
    [C_BATCH]: () => c.hier_batch_cycles(bits, Math.ceil(800_000 / bits)),
    ...samplers(inBatch, bits, bits),
  },
});

await bench(import.meta, {
  name: "drain",
  title: "Take all bits at once, of 32,768",
  unit: "ns per bit: mark random places, take all into an array, ascending",
  baseline: C_BATCH,
  verify,
  rows: () => [row("1 bit", 1), row("8 bits", 8), row("64 bits", 64), row("all", BITS)],
  targets: [
    { row: "all", contender: OURS, against: C_BATCH, atMost: 1.7 },
    ...PEERS.map((peer) => ({ row: "64 bits", contender: OURS, against: peer, atMost: 1 / 8 })),
  ],
});
