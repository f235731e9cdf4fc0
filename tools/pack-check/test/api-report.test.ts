import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { apiReport } from "../src/api-report.ts";

const paths: string[] = [];
afterEach(() => {
  for (const path of paths.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** The report of a built package with these declaration files. */
const reportOf = (files: Readonly<Record<string, string>>): string => {
  const path = mkdtempSync(join(tmpdir(), "xenkit-api-"));
  paths.push(path);
  for (const [name, text] of Object.entries({ "package.json": `{"type":"module"}`, ...files })) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  const exports = { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } };
  const manifest = { name: "@xenkit/thing", version: "0.1.0", exports };
  const report = apiReport({ folder: "thing", path, manifest, layer: "leaf" });
  return report.slice(report.indexOf("# @xenkit/thing"));
};

describe("the API report", () => {
  test("has what is exported by name, then what that uses without exporting it", () => {
    const report = reportOf({
      "dist/index.d.ts": `export { Box } from "./box.ts";\nexport { size as total } from "./size.ts";`,
      "dist/box.d.ts": `import type { Inner } from "./inner.ts";
        /** A box. */
        export declare class Box {
          #secret;
          private hidden(): Unseen;
          /** What is in it. */
          readonly inner: Inner;
        }
        interface Unseen { readonly x: 1 }`,
      "dist/inner.d.ts": `export type Inner = { readonly depth: Depth };\ntype Depth = 1 | 2;`,
      "dist/size.d.ts": `export declare const size: (of: string) => number;`,
    });
    expect(report).toBe(`# @xenkit/thing

class Box {
    readonly inner: Inner;
}

total = const size: (of: string) => number;

# used, not exported

type Depth = 1 | 2;

type Inner = {
    readonly depth: Depth;
};
`);
  });

  test("does not change with comments or the order of the exports", () => {
    const one = reportOf({
      "dist/index.d.ts": "/** One. */ export declare const a: 1;\nexport declare const b: 2;",
    });
    const other = reportOf({
      "dist/index.d.ts": "export declare const b: 2;\n/** Uno. */ export declare const a: 1;",
    });
    expect(one).toBe(other);
  });

  test("changes with a parameter", () => {
    const one = reportOf({ "dist/index.d.ts": "export declare const f: (a: string) => void;" });
    const other = reportOf({ "dist/index.d.ts": "export declare const f: (a?: string) => void;" });
    expect(one).not.toBe(other);
  });

  test("is refused before the build", () => {
    expect(() => reportOf({})).toThrow("build first");
  });
});
