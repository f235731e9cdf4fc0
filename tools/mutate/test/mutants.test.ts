import { applied, mutantsOf } from "@xenkit/mutate";
import { expect, test } from "vitest";

const afters = (source: string): string[] => mutantsOf(source).map(({ after }) => after.trim());

test("each operator is exchanged where it stands, one at a time", () => {
  expect(afters("  if (a === 1 && b < 2 && c === 3) x();")).toEqual([
    "if (a !== 1 && b < 2 && c === 3) x();",
    "if (a === 1 && b < 2 && c !== 3) x();",
    "if (a === 1 && b <= 2 && c === 3) x();",
    "if (a === 1 || b < 2 && c === 3) x();",
    "if (a === 1 && b < 2 || c === 3) x();",
    "",
  ]);
});

test("a statement is left out; a declaration, a comment and a type are left alone", () => {
  expect(afters("  this.count += 1;")).toEqual(["this.count -= 1;", ""]);
  expect(
    afters('  const a = b;\n// x();\n  readonly a: true;\n * a === b\nimport { a } from "b";'),
  ).toEqual([]);
});

test("a mutant changes one line", () => {
  const source = "a;\n  x.push(1);\nb;";
  const [mutant] = mutantsOf(source);
  expect(mutant && applied(source, mutant)).toBe("a;\n\nb;");
});
