import { bench } from "@xenkit/bench";
import { BITS, OURS } from "./contenders.ts";
import { oneByOne, samplers } from "./cycles.ts";
import { C_FLAT, C_HIERARCHICAL, c } from "./native.ts";
import { verify } from "./verify.ts";

const row = (name: string, bits: number) => ({
  name,
  contenders: {
    [C_HIERARCHICAL]: () => c.hier_cycles(bits, Math.ceil(400_000 / bits)),
    [C_FLAT]: () => c.flat_cycles(bits, Math.ceil(40_000 / bits)),
    ...samplers(oneByOne, bits, bits),
  },
});

await bench(import.meta, {
  name: "take",
  title: "Take the lowest bit, one by one, of 32,768",
  unit: "ns per bit: mark random places, find and clear the lowest bit until none is left",
  baseline: C_HIERARCHICAL,
  verify,
  rows: () => [row("1 bit", 1), row("8 bits", 8), row("64 bits", 64), row("all", BITS)],
  targets: [
    { contender: OURS, against: C_HIERARCHICAL, atMost: 1.2 },
    { row: "1 bit", contender: OURS, against: C_FLAT, atMost: 1 / 15 },
    { row: "8 bits", contender: OURS, against: C_FLAT, atMost: 1 / 15 },
    { row: "64 bits", contender: OURS, against: C_FLAT, atMost: 1 / 12 },
  ],
});
