import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fingerprint } from "../dependencies.mjs";
import { withLock } from "../lock.mjs";
import { runsTheToolchain } from "../toolchain.mjs";

const checkout = join(import.meta.dirname, "../../..");
let root = "";

/** A checkout of its own, in a path with spaces, that holds nothing but the bootstrap and one script to run. */
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "xenkit-bootstrap-")), "a path with spaces");
  mkdirSync(join(root, "tools"), { recursive: true });
  mkdirSync(join(root, "packages"));
  cpSync(join(checkout, "tools/bootstrap"), join(root, "tools/bootstrap"), {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"])
    cpSync(join(checkout, file), join(root, file));
  mkdirSync(join(root, "tools/replay/src"), { recursive: true });
  writeFileSync(
    join(root, "tools/replay/src/main.ts"),
    "console.log(JSON.stringify(process.argv.slice(2) satisfies string[]));",
  );
});

afterEach(() => {
  rmSync(join(root, ".."), { recursive: true });
});

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(root, "tools/bootstrap/run.mjs"), ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: root, ...env },
  });

describe("a fresh machine", () => {
  test("is told in one message, without a stack, that a download failed", () => {
    const { status, stderr } = run(["replay"], {
      npm_config_registry: "http://127.0.0.1:9/",
      npm_config_cache: join(root, "cache"),
    });
    expect(status).toBe(1);
    expect(stderr).toContain("cannot fetch pnpm@");
    expect(stderr).toContain("npm config get registry");
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("is told which scripts there are", () => {
    const { status, stderr } = run(["frobnicate"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/unknown script "frobnicate"; there are: start, .*test/);
  });
});

describe("a second run", () => {
  test("installs nothing and runs the script, from a path with spaces", () => {
    symlinkSync(join(checkout, ".toolchain"), join(root, ".toolchain"));
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "node_modules/.xenkit-stamp"), fingerprint(root));
    const { status, stdout, stderr } = run(["replay", "a b.jsonl", "--x"], {
      npm_config_registry: "http://127.0.0.1:9/",
    });
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe('["a b.jsonl","--x"]');
    expect(status).toBe(0);
  });
});

describe("the machine's own Node", () => {
  test.each([
    { version: "20.20.2", runs: false },
    { version: "22.12.0", runs: false },
    { version: "22.18.0", runs: true },
    { version: "23.11.0", runs: false },
    { version: "24.0.0", runs: true },
    { version: "26.10.0", runs: true },
  ])("$version runs the toolchain: $runs", ({ version, runs }) => {
    expect(runsTheToolchain(version)).toBe(runs);
  });
});

describe("two first runs at once", () => {
  test("do not install over each other", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(root, work)));
    expect(most).toBe(1);
  });

  test("a lock left by a process that died is taken over", async () => {
    const dead = spawnSync(process.execPath, ["--eval", ""]).pid;
    writeFileSync(join(root, "lock"), String(dead));
    let ran = 0;
    await withLock(root, async () => {
      ran += 1;
    });
    expect(ran).toBe(1);
  });
});
