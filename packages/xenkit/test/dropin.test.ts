import { readFileSync, writeFileSync } from "node:fs";
import { available } from "@xenkit/oracle";
import { interop } from "@xenkit/testkit";
import { describe, expect, test } from "vitest";
import { DAEMONS_DIFFER, DEVIATIONS } from "./dropin/deviations.ts";
import { type Invocation, type Outcome, titleOf } from "./dropin/invocation.ts";
import { INVOCATIONS } from "./dropin/invocations.ts";
import { debian, ours, type Performer, perform } from "./dropin/perform.ts";
import { cDaemon, ourDaemon, type Stage } from "./dropin/stage.ts";

/** What Debian's programs did with the C daemon, one line of JSON for each invocation, in the table's order. */
const RECORDED = new URL("./dropin/recorded.jsonl", import.meta.url);
/** `XENKIT_RECORD=1` writes it anew. */
const recording = process.env["XENKIT_RECORD"] === "1";

const programs = interop(
  ["", "-ls", "-read", "-write", "-rm", "-exists", "-list", "-chmod", "-watch"]
    .map((name) => ({ path: `/usr/bin/xenstore${name}`, debian: "xenstore-utils" }))
    .concat([{ path: "/usr/bin/script", debian: "bsdutils" }]),
);

type Row = readonly [title: string, outcome: Outcome];

const performAll = async (
  start: () => Promise<Stage>,
  by: Performer,
  invocations = INVOCATIONS,
): Promise<Row[]> => {
  await using stage = await start();
  const rows: Row[] = [];
  for (const invocation of invocations) {
    rows.push([titleOf(invocation), await perform(stage, invocation, by)]);
  }
  return rows;
};

const recorded = (): Row[] =>
  readFileSync(RECORDED, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

/** What we are to do where the programs did `rows`. */
const expected = (rows: readonly Row[]): Row[] =>
  rows.map(([title, outcome], index) => {
    const invocation = INVOCATIONS[index] as Invocation;
    const deviation = DEVIATIONS.find(({ applies }) => applies(invocation));
    return [title, deviation === undefined ? outcome : deviation.ours(outcome)];
  });

/** What differs, a line for each, so that a failure is readable. */
const differences = (actual: readonly Row[], wanted: readonly Row[]): string[] =>
  wanted.flatMap(([title, outcome], index) => {
    const other = actual[index]?.[1];
    return (["code", "stdout", "stderr", "store"] as const).flatMap((field) => {
      const [want, have] = [JSON.stringify(outcome[field]), JSON.stringify(other?.[field])];
      return want === have ? [] : [`${title}: ${field} must be ${want}, and is ${have}`];
    });
  });

test("every invocation is recorded", async () => {
  if (recording && programs && available()) {
    const rows = await performAll(cDaemon, debian);
    writeFileSync(RECORDED, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  expect(recorded().map(([title]) => title)).toEqual(INVOCATIONS.map(titleOf));
  expect(INVOCATIONS.length).toBeGreaterThan(1000);
}, 300_000);

describe.concurrent("xenkit by the names of Xen's programs", () => {
  test("does with our daemon what they did with the C daemon", async () => {
    const rows = await performAll(ourDaemon, ours);
    expect(differences(rows, expected(recorded()))).toEqual([]);
  }, 300_000);

  test.runIf(available())(
    "does with the C daemon what they did",
    async () => {
      const rows = await performAll(cDaemon, ours);
      expect(differences(rows, expected(recorded()))).toEqual([]);
    },
    300_000,
  );
});

describe.runIf(programs).concurrent("Debian's programs", () => {
  test.runIf(available())(
    "do with the C daemon what is recorded",
    async () => {
      const rows = await performAll(cDaemon, debian);
      expect(differences(rows, recorded())).toEqual([]);
    },
    300_000,
  );

  test("do the same with our daemon", async () => {
    const isSame = (_: unknown, index: number): boolean =>
      !DAEMONS_DIFFER.some(({ applies }) => applies(INVOCATIONS[index] as Invocation));
    const rows = await performAll(ourDaemon, debian, INVOCATIONS.filter(isSame));
    expect(differences(rows, recorded().filter(isSame))).toEqual([]);
  }, 300_000);
});
