import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicPackages, readTarball, root } from "@xenkit/pack-check";
import { afterEach, describe, expect, test } from "vitest";
import { withoutNpm } from "../src/checkout.ts";
import { eachOf } from "../src/each-of.ts";
import { packageOf, readmeExamples, runsInBrowsers } from "../src/readme-examples.ts";
import { repack, thirdParties } from "../src/third-parties.ts";

let scratch = "";
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe("the packages of others", () => {
  test("are found with all that they need, from where ours look for them", () => {
    const abi = publicPackages().find(({ folder }) => folder === "abi");
    const found = thirdParties(abi?.path ?? "", ["typed-binary"]);
    expect(found.map(({ manifest }) => manifest.name)).toContain("typed-binary");
  });

  test("are packed as they are installed, without what they installed in turn", async () => {
    scratch = mkdtempSync(join(tmpdir(), "xenkit-repack-"));
    const [types] = thirdParties(root, ["@types/node"]);
    if (types === undefined) throw new Error("@types/node is not installed");
    const files = readTarball(await repack(types, scratch));
    expect(files.has("package.json")).toBe(true);
    expect([...files.keys()].some((name) => name.includes("node_modules"))).toBe(false);
  });

  test("must be installed", () => {
    expect(() => thirdParties(root, ["no-such-package"])).toThrow("no-such-package");
  });
});

describe("the examples of a README", () => {
  test("are its ts blocks, with the packages that they import", () => {
    const markdown = [
      "# x",
      "```sh",
      "npm install x",
      "```",
      "```ts",
      `import assert from "node:assert/strict";`,
      `import { listen } from "@xenkit/host/node";`,
      `import type { A } from "pino";`,
      "```",
    ].join("\n");
    expect(readmeExamples(markdown)).toEqual([
      {
        line: 5,
        code: expect.stringContaining("listen"),
        imports: ["node:assert/strict", "@xenkit/host/node", "pino"],
      },
    ]);
  });
});

describe("an import", () => {
  test.each([
    { specifier: "@xenkit/host/node", name: "@xenkit/host" },
    { specifier: "@xenkit/abi", name: "@xenkit/abi" },
    { specifier: "pino/file", name: "pino" },
    { specifier: "node:fs", name: undefined },
  ])("of $specifier asks for $name", ({ specifier, name }) => {
    expect(packageOf(specifier)).toBe(name);
  });

  test.each([
    { specifier: "@xenkit/abi", runs: true },
    { specifier: "@xenkit/xenstore-client/memory", runs: true },
    { specifier: "node:assert/strict", runs: true },
    { specifier: "node:assert", runs: true },
    { specifier: "node:fs", runs: false },
    { specifier: "@xenkit/host/node", runs: false },
    { specifier: "@xenkit/xenstore-client/unix", runs: false },
  ])("of $specifier runs in browsers: $runs", ({ specifier, runs }) => {
    expect(runsInBrowsers({ line: 1, code: "", imports: [specifier] })).toBe(runs);
  });
});

describe("a user's environment", () => {
  test("has nothing that npm, pnpm or Node was told for us", () => {
    const env = { PATH: "/bin", npm_config_registry: "x", INIT_CWD: "/", NODE_OPTIONS: "-x" };
    expect(withoutNpm(env)).toEqual({ PATH: "/bin" });
  });
});

describe("work for each", () => {
  test("is done for all, some at a time", async () => {
    let now = 0;
    let most = 0;
    const done: number[] = [];
    await eachOf([1, 2, 3, 4, 5], 2, async (item) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      done.push(item);
    });
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  test("ends with the first failure, after what had begun", async () => {
    const done: number[] = [];
    const work = eachOf([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error("one");
      await new Promise((resolve) => setImmediate(resolve));
      done.push(item);
    });
    await expect(work).rejects.toThrow("one");
    expect(done).toEqual([2]);
  });
});
