import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const TOOL = join(import.meta.dirname, "..");
const ROOT = join(TOOL, "../..");

const SOURCE = `/** The larger one of two. */
export const larger = (a: number, b: number): number => (a > b ? a : b);

export const low = (word: number): number => word & 3;

const told: string[] = [];
export const greet = (): string => {
  told.push("hello");
  return "hello";
};

export const never = (): number => 5;
`;

const TEST = `import { greet, larger, low } from "tiny";
import { describe, expect, test } from "vitest";

describe("numbers", () => {
  test.each([[1, 2, 2], [2, 1, 2]])("the larger one of %i and %i", (a, b, wanted) => {
    expect(larger(a, b)).toBe(wanted);
  });
  test("the lower bits", { timeout: 1000 }, () => expect(low(5)).toBe(1));
});
describe.each([{ wanted: "hello" }])("strings", ({ wanted }) => {
  test("a greeting", async () => expect(await greet()).toBe(wanted));
});
`;

const survivor = (code: string, from: string, to: string) => ({
  file: "src/tiny.ts",
  code,
  from,
  to,
});
const COMPARISON = "export const larger = (a: number, b: number): number => (a > b ? a : b);";
const SURVIVORS = [
  {
    verdict: "equivalent",
    reason: "Of two equal numbers either is the larger one.",
    mutants: [survivor(COMPARISON, "a > b", "a >= b")],
  },
  {
    verdict: "accepted",
    reason: "Nobody reads it.",
    mutants: [
      survivor('told.push("hello");', 'told.push("hello");', ";"),
      // This one the tests notice.
      survivor(COMPARISON, "a > b", "true"),
    ],
  },
];

/** A workspace with one tiny package, and this tool. */
const workspace = mkdtempSync(join(tmpdir(), "xenkit-mutate-test-"));
const put = (file: string, text: string): void => {
  mkdirSync(join(workspace, file, ".."), { recursive: true });
  writeFileSync(join(workspace, file), text);
};

beforeAll(() => {
  cpSync(join(TOOL, "src"), join(workspace, "tools/mutate/src"), { recursive: true });
  cpSync(join(ROOT, "tsconfig.base.json"), join(workspace, "tsconfig.base.json"));
  put("package.json", '{ "private": true, "type": "module" }');
  put("tools/mutate/package.json", '{ "type": "module" }');
  put("tools/mutate/survivors/tiny.json", JSON.stringify(SURVIVORS));
  put(
    "packages/tiny/package.json",
    '{ "name": "tiny", "type": "module", "exports": { "@xenkit/source": "./src/index.ts" } }',
  );
  put("packages/tiny/tsconfig.json", '{ "extends": "../../tsconfig.base.json" }');
  put("packages/tiny/src/index.ts", 'export { greet, larger, low, never } from "./tiny.ts";\n');
  put("packages/tiny/src/tiny.ts", SOURCE);
  put("packages/tiny/test/tiny.test.ts", TEST);
  // Folders of links, as Stryker does not follow a link in the place of the folder.
  for (const [folder, modules] of [
    [".", join(ROOT, "node_modules")],
    ["tools/mutate", join(TOOL, "node_modules")],
    ["packages/tiny", join(TOOL, "node_modules")],
  ] as const) {
    mkdirSync(join(workspace, folder, "node_modules"));
    for (const name of readdirSync(modules)) {
      symlinkSync(join(modules, name), join(workspace, folder, "node_modules", name));
    }
  }
});
afterAll(() => rmSync(workspace, { recursive: true }));

const run = (...args: string[]): { readonly status: number | null; readonly output: string } => {
  const main = join(workspace, "tools/mutate/src/main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
};

describe("a run", () => {
  test("tells of survivors that are not listed, and of listed ones that are none", () => {
    const { status, output } = run("tiny");
    expect(output).toMatch(/^survives: packages\/tiny\/src\/tiny.ts:12$/m);
    expect(output).toContain(
      JSON.stringify(survivor("export const never = (): number => 5;", "5", "6")),
    );
    expect(output).toContain(
      `listed, but noticed: ${JSON.stringify(survivor(COMPARISON, "a > b", "true"))}`,
    );
    expect(output).not.toContain('"to":";"');
    expect(output).not.toContain('"to":"a >= b"');
    // The body of `greet` left empty, which returns no string.
    expect(output).toMatch(/^1 of 16 mutants are refused by TypeScript/m);
    expect(output).toMatch(/^\| `tiny` \| 15 \| 9 \| 0 \| 6 \| 1 \| 60.0 % \| 64.3 % \| \d+ \|$/m);
    expect(status).toBe(1);
  }, 120_000);

  test("of a sample makes so many mutants, the same for the same seed", () => {
    const [first, again] = [run("tiny", "--sample", "4"), run("tiny", "--sample", "4")];
    expect(first.output).toMatch(/ of 4 mutants are refused/);
    const withoutTime = (text: string): string => text.replace(/^Mutation testing.*\n/gm, "");
    expect(withoutTime(again.output)).toBe(withoutTime(first.output));
  }, 120_000);
});

describe("a command line that is none", () => {
  test.each([
    { args: [], says: 'no package ""' },
    { args: ["nothing"], says: 'no package "nothing"' },
    { args: ["tiny", "tiny"], says: 'no package "tiny"' },
    { args: ["tiny", "--file", "other.ts"], says: 'packages/tiny/src has no file "other.ts"' },
    { args: ["tiny", "--sample", "0"], says: "--sample 0 is not a number from 1 on" },
    { args: ["tiny", "--seed", "x"], says: "--seed x is not a number from 1 on" },
    { args: ["tiny", "--what"], says: "Unknown option '--what'" },
  ])("$args: $says", ({ args, says }) => {
    const { status, output } = run(...args);
    expect(output).toContain(`mutate: ${says}`);
    expect(output).toContain("npm run mutate -- PACKAGE");
    expect(status).toBe(2);
  });
});
