import { bench } from "@xenkit/bench";
import { BITS, OURS } from "./contenders.ts";
import { oneByOne, poolFor, pulls } from "./cycles.ts";
import {
  C_FLAT,
  C_FLAT_INLINED,
  C_HIERARCHICAL,
  C_HIERARCHICAL_INLINED,
  C_NOTE,
  c,
} from "./native.ts";
import { verify } from "./verify.ts";

const row = (name: string, bits: number) => {
  const pool = poolFor(bits);
  const rounds = Math.ceil(400_000 / bits / pool);
  const fewer = Math.ceil(rounds / 16);
  return {
    name,
    contenders: {
      [C_HIERARCHICAL]: () => c.hier_pulls(bits, pool, rounds),
      [C_HIERARCHICAL_INLINED]: () => c.hier_pulls_inlined(bits, pool, rounds),
      [C_FLAT]: () => c.flat_pulls(bits, pool, fewer),
      [C_FLAT_INLINED]: () => c.flat_pulls_inlined(bits, pool, fewer),
      ...pulls(oneByOne, bits),
    },
  };
};

await bench(import.meta, {
  name: "take",
  title: "Take the lowest bit, one by one, of 32,768",
  unit: "ns per bit taken: find and clear the lowest, until none is left, of bits marked at random before",
  baseline: C_HIERARCHICAL,
  verify,
  rows: () => [row("1 bit", 1), row("8 bits", 8), row("64 bits", 64), row("all", BITS)],
  targets: [
    { contender: OURS, against: C_HIERARCHICAL, atMost: 1.2 },
    { row: "1 bit", contender: OURS, against: C_FLAT, atMost: 1 / 15 },
    { row: "8 bits", contender: OURS, against: C_FLAT, atMost: 1 / 15 },
    { row: "64 bits", contender: OURS, against: C_FLAT, atMost: 1 / 12 },
  ],
  notes: `Only the taking is timed: from a pool of bitmaps (${[1, 8, 64, BITS].map(poolFor).join(", ")}; fewer of the slow packages), marked before. ${C_NOTE}`,
});
