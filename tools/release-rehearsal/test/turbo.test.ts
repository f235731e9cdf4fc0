import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Manifest, root } from "@xenkit/pack-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let checkout = "";

/** The workspace without what is installed or built, in a repository of its own: turbo hashes what git tracks. */
beforeAll(() => {
  checkout = join(mkdtempSync(join(tmpdir(), "xenkit-turbo-")), "checkout");
  const tracked = execFileSync("git", ["ls-files", "-z", "--cached"], { cwd: root }).toString();
  for (const file of tracked.split("\0")) {
    const needed = /(?:package\.json|tsconfig.*\.json|turbo\.json|pnpm-[\w-]+\.yaml|\.ts)$/.test(
      file,
    );
    if (needed && existsSync(join(root, file)))
      cpSync(join(root, file), join(checkout, file), { recursive: true });
  }
  writeFileSync(join(checkout, "packages/bitmap/README.md"), "# bitmap\n");
  execFileSync("git", ["init", "--quiet"], { cwd: checkout });
  execFileSync("git", ["add", "--all"], { cwd: checkout });
});

afterAll(() => rmSync(join(checkout, ".."), { recursive: true, force: true }));

const turbo = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [join(root, "node_modules/turbo/bin/turbo"), ...args], {
    cwd: checkout,
    encoding: "utf8",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });

/** What a run would do: the hash of each task that has a script. A task whose hash is known is not run again. */
const hashes = (): Map<string, string> => {
  const plan = JSON.parse(turbo("run", "build", "typecheck", "test", "--dry=json")) as {
    tasks: { taskId: string; hash: string; command: string }[];
  };
  const scripted = plan.tasks.filter(({ command }) => command !== "<NONEXISTENT>");
  return new Map(scripted.map(({ taskId, hash }) => [taskId, hash]));
};

/** The tasks that run again after `change`, which is undone. */
const rerunAfter = (file: string, change: string): string[] => {
  const path = join(checkout, file);
  const text = readFileSync(path);
  const before = hashes();
  try {
    appendFileSync(path, change);
    return [...hashes()]
      .filter(([task, hash]) => before.get(task) !== hash)
      .map(([task]) => task)
      .sort();
  } finally {
    writeFileSync(path, text);
  }
};

const manifests = (): Manifest[] =>
  ["packages", "tools"].flatMap((group) =>
    readdirSync(join(checkout, group)).map(
      (name) =>
        JSON.parse(readFileSync(join(checkout, group, name, "package.json"), "utf8")) as Manifest,
    ),
  );

/** The package and all that depend on it, also for their tests, on any way; from the manifests alone. */
const withDependents = (name: string): Manifest[] => {
  const all = manifests();
  const found = new Set([name]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { name: each, dependencies, devDependencies } of all)
      if (Object.keys({ ...dependencies, ...devDependencies }).some((by) => found.has(by)))
        found.add(each);
  }
  return all.filter((manifest) => found.has(manifest.name));
};

const tasksOf = (packages: readonly Manifest[], names: readonly string[]): string[] =>
  packages
    .flatMap(({ name, scripts = {} }) =>
      names.filter((task) => task in scripts).map((task) => `${name}#${task}`),
    )
    .sort();

describe("turbo's cache", () => {
  test.each(["bitmap", "abi", "xenstore-wire"])(
    "runs the tasks of %s and of exactly its dependents again after a change of its source",
    (folder) => {
      const rerun = rerunAfter(`packages/${folder}/src/index.ts`, "\n// changed\n");
      expect(rerun).toEqual(
        tasksOf(withDependents(`@xenkit/${folder}`), ["build", "test", "typecheck"]),
      );
    },
  );

  test("runs a package's own test and typecheck again, and nothing else, after a change of a test", () => {
    const rerun = rerunAfter("packages/bitmap/test/readme.test.ts", "\n// changed\n");
    expect(rerun).toEqual(["@xenkit/bitmap#test", "@xenkit/bitmap#typecheck"]);
  });

  test("runs a package's own test again, and nothing else, after a change of its README: its examples are tests", () => {
    expect(rerunAfter("packages/bitmap/README.md", "\nMore.\n")).toEqual(["@xenkit/bitmap#test"]);
  });

  test("runs everything again after a change of the shared compiler options", () => {
    expect(rerunAfter("tsconfig.base.json", "\n")).toEqual(
      tasksOf(manifests(), ["build", "test", "typecheck"]),
    );
  });
});

describe("turbo's boundaries", () => {
  test("hold", () => {
    expect(turbo("boundaries")).toContain("no issues found");
  });

  test.each([
    { from: "bitmap", to: "@xenkit/hypervisor", why: "a leaf must not use a core" },
    { from: "hypervisor", to: "xenkit", why: "a core must not use an app" },
  ])("tell that $why", ({ from, to }) => {
    const manifest = join(checkout, `packages/${from}/package.json`);
    const source = join(checkout, `packages/${from}/src/index.ts`);
    const before = [manifest, source].map((file) => readFileSync(file));
    const content = JSON.parse(before[0]?.toString() ?? "") as Manifest;
    const dependencies = { ...content.dependencies, [to]: "workspace:^" };
    try {
      writeFileSync(manifest, JSON.stringify({ ...content, dependencies }));
      appendFileSync(source, `\nimport "${to}";\n`);
      expect(() => turbo("boundaries")).toThrow();
    } finally {
      for (const [index, file] of [manifest, source].entries())
        writeFileSync(file, before[index] ?? "");
    }
  });

  test("tell of an import that no manifest declares", () => {
    const source = join(checkout, "packages/bitmap/src/index.ts");
    const before = readFileSync(source);
    try {
      appendFileSync(source, `\nimport "@xenkit/abi";\n`);
      expect(() => turbo("boundaries")).toThrow();
    } finally {
      writeFileSync(source, before);
    }
  });
});
