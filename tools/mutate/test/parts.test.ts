import {
  changedLines,
  type FoundMutant,
  type KnownSurvivors,
  LOW_LEVEL_MUTATORS,
  mutators,
  scoreOf,
} from "@xenkit/mutate";
import { describe, expect, test } from "vitest";

describe("the mutators", () => {
  const hub = { file: { opts: { filename: "x.ts" } } };
  const made = (node: { type: string; operator?: string; value?: unknown }): unknown[] =>
    LOW_LEVEL_MUTATORS.flatMap((mutator) => [...mutator.mutate({ node, hub })]);

  test.each([
    ["&", "|"],
    ["|", "&"],
    ["^", "&"],
    ["<<", ">>"],
    [">>", "<<"],
    [">>>", "<<"],
  ])("make of %s a %s", (operator, other) => {
    expect(made({ type: "BinaryExpression", operator })).toEqual([
      { type: "BinaryExpression", operator: other },
    ]);
  });

  test("make of a whole number its neighbours that are not negative, of a bigint too", () => {
    const values = (type: string, value: unknown): unknown[] =>
      made({ type, value }).map((node) => (node as { value: unknown }).value);
    expect(values("NumericLiteral", 5)).toEqual([4, 6]);
    expect(values("NumericLiteral", 0)).toEqual([1]);
    expect(values("BigIntLiteral", 5n)).toEqual([4n, 6n]);
    expect(values("BigIntLiteral", 0n)).toEqual([1n]);
  });

  test("leave alone what is Stryker's: sums, comparisons, strings", () => {
    expect(made({ type: "BinaryExpression", operator: "+" })).toEqual([]);
    expect(made({ type: "BinaryExpression", operator: "<" })).toEqual([]);
    expect(made({ type: "StringLiteral", value: "5" })).toEqual([]);
    expect(made({ type: "AssignmentExpression", operator: "&=" })).toEqual([]);
  });

  test("are in Stryker's list, once, beside its own", async () => {
    await mutators();
    const names = (await mutators()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["EqualityOperator", "BlockStatement"]));
    expect(names.slice(-2)).toEqual(["BitwiseOperator", "IntegerLiteral"]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("the score", () => {
  const mutant = (to: string, status: FoundMutant["status"]): FoundMutant => ({
    file: "src/a.ts",
    line: 1,
    code: "a < b",
    from: "<",
    to,
    status,
    applied: "",
  });
  const known = (verdict: KnownSurvivors["verdict"], ...tos: string[]): KnownSurvivors => ({
    verdict,
    reason: "",
    mutants: tos.map((to) => mutant(to, "Survived")),
  });

  test("counts what survives and what no test comes to, with and without the equivalent ones", () => {
    const mutants = [
      mutant("1", "Killed"),
      mutant("2", "Timeout"),
      mutant("3", "RuntimeError"),
      mutant("4", "Survived"),
      mutant("5", "NoCoverage"),
    ];
    expect(scoreOf(mutants, [known("equivalent", "4"), known("accepted", "5")])).toEqual({
      mutants: 5,
      killed: 2,
      timedOut: 1,
      survived: 2,
      equivalent: 1,
      percent: 60,
      percentOfOthers: 75,
      unknown: [],
      noticed: [],
    });
  });

  test("names survivors that are not listed, and listed mutants that were made and noticed", () => {
    const mutants = [mutant("1", "Killed"), mutant("2", "Survived")];
    const { unknown, noticed } = scoreOf(mutants, [known("equivalent", "1", "7")]);
    expect(unknown.map(({ to }) => to)).toEqual(["2"]);
    expect(noticed.map(({ to }) => to)).toEqual(["1"]);
  });

  test("counts a text that is listed once as often as it survives", () => {
    const mutants = [mutant("1", "Survived"), mutant("1", "Survived")];
    expect(scoreOf(mutants, [known("equivalent", "1")])).toMatchObject({
      survived: 2,
      equivalent: 2,
      unknown: [],
    });
  });
});

test("the changed lines are those that a diff adds, none where it only takes away", () => {
  const diff = `diff --git a/src/a.ts b/src/a.ts
--- a/src/a.ts
+++ b/src/a.ts
@@ -3 +3 @@ const x
-old
+new
@@ -10,2 +10,4 @@
+four
@@ -20,2 +19,0 @@
-gone
--- a/src/b.ts
+++ b/src/b.ts
@@ -0,0 +1,2 @@
+two
`;
  expect(changedLines(diff)).toEqual(["src/a.ts:3-3", "src/a.ts:10-13", "src/b.ts:1-2"]);
});
