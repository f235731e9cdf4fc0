import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { compileExamples, docExamples } from "../src/doc-examples.ts";

const paths: string[] = [];
afterEach(() => {
  for (const path of paths.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** The examples in one source file, of a package that has our packages installed. */
const examplesOf = (source: string) => {
  const path = mkdtempSync(join(tmpdir(), "xenkit-examples-"));
  paths.push(path);
  symlinkSync(join(import.meta.dirname, "../node_modules"), join(path, "node_modules"));
  mkdirSync(join(path, "src"));
  writeFileSync(join(path, "src/thing.ts"), source);
  return docExamples({
    folder: "thing",
    path,
    layer: "leaf",
    manifest: { name: "thing", version: "0.1.0" },
  });
};

describe("the examples in doc comments", () => {
  test("are found, with or without a fence, also on members", () => {
    const examples = examplesOf(`/**
 * @example
 * one();
 */
export class Thing {
  /**
   * @example
   * \`\`\`ts
   * two();
   * \`\`\`
   */
  two(): void {}
}
`);
    expect(examples.map(({ line, code }) => [line, code.trim()])).toEqual([
      [2, "one();"],
      [7, "two();"],
    ]);
  });

  test("compile against the packages as they are", () => {
    const source = `/**
 * @example
 * import { createHypervisor } from "@xenkit/hypervisor";
 * const xen = createHypervisor();
 * xen.createDomain();
 */
export const a = 1;`;
    expect(compileExamples(examplesOf(source))).toEqual([]);
    expect(
      compileExamples(examplesOf(source.replace("xen.createDomain", "xen.makeDomain"))),
    ).toEqual([
      expect.stringMatching(/thing\.example-2\.ts: Property 'makeDomain' does not exist/),
    ]);
  });
});
