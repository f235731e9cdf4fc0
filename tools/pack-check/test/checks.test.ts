import { homedir } from "node:os";
import { describe, expect, test } from "vitest";
import { checkLeaks } from "../src/check-leaks.ts";
import { checkManifest } from "../src/check-manifest.ts";
import { checkPublint } from "../src/check-publint.ts";
import { checkTypes } from "../src/check-types.ts";
import { checkSizes } from "../src/expected-sizes.ts";
import { type Manifest, publicPackages } from "../src/public-packages.ts";
import { readTarball } from "../src/read-tarball.ts";
import { root } from "../src/root.ts";
import { packed, tarballOf } from "./support.ts";

const good: Manifest = {
  name: "@xenkit/thing",
  version: "0.1.0",
  description: "A thing that is good in every respect.",
  license: "MIT",
  type: "module",
  sideEffects: false,
  engines: { node: ">=22.12" },
  repository: { url: "git+https://example.org/thing.git", directory: "packages/thing" },
  publishConfig: { access: "public" },
  exports: {
    ".": {
      "@xenkit/source": "./src/index.ts",
      types: "./dist/index.d.ts",
      default: "./dist/index.js",
    },
    "./package.json": "./package.json",
  },
  dependencies: { "typed-binary": "^4.3.3" },
};

const content = {
  LICENSE: "MIT",
  "README.md": "# thing",
  "package.json": JSON.stringify(good),
  "dist/index.js": "export const one = 1;\n",
  "dist/index.d.ts": "export declare const one: 1;\n",
  "src/index.ts": "export const one = 1;\n",
};

describe("a tarball", () => {
  test("is read file by file, in the order of the paths", () => {
    const files = readTarball(tarballOf({ "package/b": "two", "package/a": "x".repeat(513) }));
    expect([...files.keys()]).toEqual(["a", "b"]);
    expect(files.get("a")?.bytes.length).toBe(513);
    expect(files.get("b")?.executable).toBe(true);
  });

  test.each([
    { entry: "package/../../etc/passwd", type: "0", why: "outside" },
    { entry: "elsewhere/file", type: "0", why: "beside the package" },
    { entry: "package/link", type: "2", why: "a link" },
  ])("is refused with an entry $why", ({ entry, type }) => {
    expect(() => readTarball(tarballOf({ [entry]: "" }, { type }))).toThrow(entry);
  });
});

describe("a manifest by the rules", () => {
  test("has no findings", () => {
    expect(checkManifest("thing", good, packed(content))).toEqual([]);
  });

  test.each<{ finding: string; change: Partial<Record<keyof Manifest, unknown>> }>([
    { finding: "dependencies asks for x", change: { dependencies: { x: "workspace:^" } } },
    { finding: "dependencies asks for x", change: { dependencies: { x: "catalog:" } } },
    { finding: "dependencies asks for x", change: { dependencies: { x: "file:../x" } } },
    { finding: "dependencies asks for x", change: { dependencies: { x: "*" } } },
    { finding: "engines.node", change: { engines: { node: ">=18" } } },
    { finding: "license", change: { license: "ISC" } },
    { finding: "sideEffects must be false", change: { sideEffects: undefined } },
    { finding: "sideEffects must name", change: { bin: { thing: "./dist/index.js" } } },
    { finding: "no shebang", change: { bin: { thing: "./dist/index.js" } } },
    { finding: "access", change: { publishConfig: {} } },
    { finding: "provenance", change: { publishConfig: { access: "public", provenance: true } } },
    { finding: "repository.directory", change: { repository: {} } },
    { finding: "exports lacks ./package.json", change: { exports: {} } },
    {
      finding: "not in the tarball",
      change: { exports: { ".": { default: "./dist/missing.js" } } },
    },
    {
      finding: "has the conditions default, types",
      change: { exports: { ".": { default: "./dist/index.js", types: "./dist/index.d.ts" } } },
    },
    { finding: "scripts.postinstall", change: { scripts: { postinstall: "node x.js" } } },
  ])("is broken by $change: $finding", ({ finding, change }) => {
    const manifest = { ...good, ...change } as Manifest;
    expect(checkManifest("thing", manifest, packed(content)).join("\n")).toContain(finding);
  });

  test.each(["LICENSE", "README.md"])("needs the file %s beside it", (file) => {
    const files = packed(content);
    files.delete(file);
    expect(checkManifest("thing", good, files)).toEqual([`the tarball has no ${file}`]);
  });
});

describe("paths of the machine", () => {
  test.each([
    { path: root, where: "dist/index.js" },
    { path: homedir(), where: "src/index.ts" },
    { path: "/home/somebody", where: "dist/index.js" },
    { path: "/Users/somebody", where: "README.md" },
    { path: "file:///srv", where: "dist/index.js" },
  ])("are found: $path in $where", ({ path, where }) => {
    const files = packed({ ...content, [where]: `// built in ${path}/x` });
    expect(checkLeaks(files)).toEqual([expect.stringContaining(`${where} names a path`)]);
  });

  test("are not seen in what is clean", () => {
    expect(checkLeaks(packed(content))).toEqual([]);
  });

  test("are not the only thing wrong with a map: it must lead to a file of the tarball", () => {
    const map = (source: string) => JSON.stringify({ version: 3, sources: [source] });
    const files = packed({ ...content, "dist/a.map": map("../src/index.ts") });
    expect(checkLeaks(files)).toEqual([]);
    const lost = packed({ ...content, "dist/a.map": map("../src/gone.ts") });
    expect(checkLeaks(lost)).toEqual([
      "dist/a.map leads to src/gone.ts, which is not in the tarball",
    ]);
  });
});

describe("a size", () => {
  const budget = { packed: 100_000, bundled: 20_000 };
  test.each([
    { now: { packed: 104_999, bundled: 20_999 }, findings: 0, why: "grew by less than 5 %" },
    { now: { packed: 105_001, bundled: 20_000 }, findings: 1, why: "is packed over its budget" },
    { now: { packed: 100_000, bundled: 21_001 }, findings: 1, why: "is bundled over its budget" },
    { now: { packed: 70_000, bundled: 20_000 }, findings: 1, why: "shrank and wants a new budget" },
  ])("$now has $findings findings: it $why", ({ now, findings }) => {
    expect(checkSizes(now, budget)).toHaveLength(findings);
  });

  test("without a budget is a finding", () => {
    expect(checkSizes({ packed: 1 }, undefined)).toHaveLength(1);
  });
});

describe("the linters of others", () => {
  const tarball = (manifest: Manifest, files: Readonly<Record<string, string>> = content) =>
    tarballOf(
      Object.fromEntries(
        Object.entries({ ...files, "package.json": JSON.stringify(manifest) }).map(
          ([path, text]) => [`package/${path}`, text],
        ),
      ),
    );

  test("find nothing in a good package", async () => {
    expect(await checkPublint(good, tarball(good))).toEqual([]);
    expect(await checkTypes(good, tarball(good))).toEqual([]);
  });

  test("publint: finds a missing file", async () => {
    const manifest = { ...good, exports: { ".": "./dist/gone.js" } };
    expect((await checkPublint(manifest, tarball(manifest))).join()).toContain("does not exist");
  });

  test("attw: finds declarations that lead nowhere", async () => {
    const files = { ...content, "dist/index.d.ts": `export * from "./gone";` };
    expect((await checkTypes(good, tarball(good, files))).join()).toContain("InternalResolution");
  });
});

describe("the workspace", () => {
  test("has public packages in three layers, and no two of one name", () => {
    const packages = publicPackages();
    expect(new Set(packages.map(({ layer }) => layer))).toEqual(new Set(["leaf", "core", "app"]));
    expect(new Set(packages.map(({ manifest }) => manifest.name)).size).toBe(packages.length);
  });
});
