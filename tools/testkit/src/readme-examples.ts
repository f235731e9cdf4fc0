import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

interface Example {
  readonly line: number;
  readonly code: string;
  /** What it prints, when a `text output` block follows. */
  readonly output: string | undefined;
}

/**
 * Makes a test of every `ts` block of a README: it is run by Node from the package's own folder, and what it
 * prints must equal the `text output` block that follows, if one does.
 *
 * @param from - A file of the package whose dependencies the examples use, when the README is no package's.
 */
export const readmeExamples = (readme: URL, { from = readme }: { from?: URL } = {}): void => {
  const directory = dirname(fileURLToPath(from));
  const examples = examplesOf(readFileSync(readme, "utf8"));
  describe("the README", () => {
    test("has an example", () => {
      expect(examples.length).toBeGreaterThan(0);
    });
    for (const example of examples) {
      test(`has an example that runs, at line ${example.line}`, async () => {
        const printed = await run(example.code, directory);
        if (example.output !== undefined) expect(printed).toBe(example.output);
      });
    }
  });
};

const BLOCK = /^```ts\n(?<code>[\s\S]*?)^```\n(?:\n*```text output\n(?<output>[\s\S]*?)^```\n)?/gm;

const examplesOf = (markdown: string): Example[] =>
  [...markdown.matchAll(BLOCK)].map((match) => ({
    line: markdown.slice(0, match.index).split("\n").length,
    code: match.groups?.["code"] ?? "",
    output: match.groups?.["output"],
  }));

/** The code is read from the command line with the package as working directory: its imports resolve as there. */
const run = async (code: string, directory: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@xenkit/source", "--input-type=module-typescript", "--eval", code],
    { cwd: directory, timeout: 30_000 },
  );
  return stdout;
};
