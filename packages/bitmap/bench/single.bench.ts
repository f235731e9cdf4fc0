import { bench } from "@xenkit/bench";
import { OURS } from "./contenders.ts";
import { counts, emptyChecks, samplers, setAndClear } from "./cycles.ts";
import { C_FLAT, C_FLAT_INLINED, C_NOTE, c } from "./native.ts";
import { verify } from "./verify.ts";

await bench(import.meta, {
  name: "single",
  title: "Single operations on 32,768 bits",
  unit: "ns per operation",
  baseline: C_FLAT,
  verify,
  rows: () => [
    {
      name: "take from an empty one",
      contenders: {
        [C_FLAT]: () => c.flat_empty_checks(20_000),
        ...samplers(emptyChecks),
      },
    },
    {
      name: "set one, testAndClear one",
      contenders: {
        [C_FLAT]: () => c.flat_set_and_clear(1_000_000),
        [C_FLAT_INLINED]: () => c.flat_set_and_clear_inlined(1_000_000),
        ...samplers(setAndClear),
      },
    },
    {
      name: "set one, count",
      contenders: { [C_FLAT]: () => c.flat_count(20_000), ...samplers(counts) },
    },
  ],
  targets: [
    { row: "take from an empty one", contender: OURS, against: C_FLAT, atMost: 0.012 },
    { row: "set one, testAndClear one", contender: OURS, against: C_FLAT, atMost: 2.6 },
    { row: "set one, count", contender: OURS, against: C_FLAT, atMost: 0.1 },
  ],
  notes: `\`count\` of C is \`popcnt\` over all words, with nothing set in between. ${C_NOTE}`,
});
