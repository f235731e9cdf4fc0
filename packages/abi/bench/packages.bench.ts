import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { getDomainState } from "@xenkit/abi";
import { bench, sample } from "@xenkit/bench";
import {
  CALL_SIZE,
  FASTEST,
  published,
  type Schema,
  schemas,
  structuraeView,
} from "./contenders.ts";
import {
  answerView,
  decodeView,
  readView,
  roundTripView,
  stateOf,
  writeView,
} from "./view-loops.ts";

// All of the collector's work in the thread that is measured, as in the other bench.
setFlagsFromString("--no-parallel-scavenge");

const MANY = 500_000;
const SOME = 400_000;
const FEW = 1_000;
const UNIQUE_ID = 0x1234_5678_89ab_cdefn;
const OURS = "@xenkit/abi, in place";

/** Keeps results alive. */
const sink: { last: unknown } = { last: undefined };

/** An answered call of dom 7. Packages get the 32 bytes of their schema, we all 144. */
const answered = (name: string): Uint8Array => {
  const call = getDomainState.encode({ domid: 7, state: 0, caps: 3, uniqueId: UNIQUE_ID });
  return name.startsWith("@xenkit") ? call : call.slice(0, CALL_SIZE);
};

const writeSchema =
  ({ write }: Schema) =>
  (rounds: number): void => {
    for (let i = 0; i < rounds; i += 1) sink.last = write(i & 0x7fff);
  };
const decodeSchema = ({ decode }: Schema, name: string) => {
  const bytes = answered(name);
  const words = new Int32Array(bytes.buffer);
  return (rounds: number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i += 1) {
      words[4] = stateOf(i);
      const answer = decode(bytes);
      sum ^= answer.state;
      sink.last = answer;
    }
    return sum;
  };
};
const roundTripSchema =
  ({ write, decode }: Schema) =>
  (rounds: number): void => {
    for (let i = 0; i < rounds; i += 1) sink.last = decode(write(i & 0x7fff));
  };

const named = new structuraeView(new ArrayBuffer(CALL_SIZE));
const namedAnswer = new Int32Array(named.buffer);

const readStructurae = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    namedAnswer[4] = stateOf(i);
    const id = named.get("uniqueId") as bigint;
    sum ^= named.get("domain") as number;
    sum ^= named.get("state") as number;
    sum ^= named.get("caps") as number;
    sum ^= Number(id & 0xffff_ffffn) ^ Number(id >> 32n);
  }
  return sum;
};

/** One sample, after one run that does not count. */
const timed = (work: (rounds: number) => unknown, rounds: number) => () => {
  work(rounds);
  return sample(() => {
    work(rounds);
  }, rounds);
};

const forSchemas = (make: (schema: Schema, name: string) => (rounds: number) => unknown) =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, timed(make(schema(), name), FEW)]),
  );

const resetAnswers = (): void => {
  answerView(answered(OURS));
  new Uint8Array(named.buffer).set(answered("structurae"));
};

await bench(import.meta, {
  name: "packages",
  title: "The buffer of get_domain_state, beside other packages",
  unit: "ns per call",
  baseline: OURS,
  verify: () => {
    for (const [name, make] of Object.entries(schemas)) {
      const schema = make();
      assert.deepEqual(
        [...schema.write(0x1234).subarray(0, CALL_SIZE)],
        [...getDomainState.encodeRequest(0x1234).subarray(0, CALL_SIZE)],
        `${name} writes other bytes`,
      );
      const { state, uniqueId } = schema.decode(answered(name));
      assert.deepEqual({ state, uniqueId }, { state: 0, uniqueId: UNIQUE_ID }, name);
    }
    resetAnswers();
    assert.equal(readStructurae(1000), readView(1000));
    resetAnswers();
  },
  rows: () => [
    {
      name: "write a request",
      contenders: { [OURS]: timed(writeView, MANY), ...forSchemas(writeSchema) },
    },
    {
      name: "read in place",
      contenders: { [OURS]: timed(readView, MANY), structurae: timed(readStructurae, 4 * FEW) },
    },
    {
      name: "round trip in one buffer",
      contenders: { [OURS]: timed(roundTripView, MANY), ...forSchemas(roundTripSchema) },
    },
    {
      name: "decode to an object with a bigint",
      contenders: { [OURS]: timed(decodeView, SOME), ...forSchemas(decodeSchema) },
    },
  ],
  targets: [
    {
      row: "round trip in one buffer",
      contender: OURS,
      against: "typed-binary, stock",
      atMost: 1 / 400,
    },
    // The fastest of them is measured in the other bench, in a process without the others' garbage.
    ...published
      .filter((name) => name !== FASTEST)
      .map((against) => ({
        row: "decode to an object with a bigint",
        contender: OURS,
        against,
        atMost: 1 / 6,
      })),
  ],
  notes: [
    "The packages get a schema of the 32 bytes that matter, not of all 144, and write a record into bytes and back.",
    "Those without a 64-bit integer read two words, which are joined. The package that",
    "decodes fastest has its target in domain-state.md, measured without the garbage of the slowest in the same heap.",
  ].join("\n"),
});
