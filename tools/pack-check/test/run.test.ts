import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { run } from "../src/run.ts";

const node = (code: string): [string, string, string] => [process.execPath, "--eval", code];
const cwd = import.meta.dirname;

describe("a program that is run", () => {
  test("gives what it wrote to standard output", async () => {
    expect(await run(node("console.log(1); console.error(2)"), { cwd })).toBe("1\n");
  });

  test("fails with the end of what it said", async () => {
    await expect(run(node("console.error('why'); process.exitCode = 3"), { cwd })).rejects.toThrow(
      /ended with 3.*\n {2}why$/,
    );
  });

  test("fails when there is no such program", async () => {
    await expect(run(["/no/such/program"], { cwd })).rejects.toThrow("does not start");
  });

  test("is ended with its children when it takes too long", async () => {
    const child = `setInterval(() => {}, 1000)`;
    const code = `const { spawn } = require("node:child_process");
      console.log(spawn(process.execPath, ["--eval", ${JSON.stringify(child)}]).pid);
      ${child};`;
    const error = await run(node(code), { cwd, timeoutMs: 1000 }).catch((reason: Error) => reason);
    expect(String(error)).toContain("took more than 1000 ms");
    const pid = /^ {2}(\d+)$/m.exec(String(error))?.[1] ?? "";
    expect(spawnSync("ps", ["-o", "stat=", "-p", pid]).stdout.toString()).toMatch(/^(?:Z.*)?\s*$/);
  });
});
