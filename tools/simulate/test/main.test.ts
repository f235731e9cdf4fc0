import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test.each([
  { args: ["--seed", "x"], says: '--seed is a whole number from 0 on, not "x"' },
  { args: ["--seeds", "0"], says: "--seeds is a whole number from 1 on" },
  { args: ["--steps", "1e6"], says: "--steps is a whole number from 1 on" },
  { args: ["--minutes", "0"], says: "--minutes is a number above 0" },
  { args: ["--foo"], says: "Unknown option '--foo'" },
])(
  "simulate of $args is refused: status 2, and what is wrong, without a stack",
  ({ args, says }) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--conditions=@xenkit/source", MAIN, ...args],
      { encoding: "utf8" },
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/^\s+at /m);
  },
);
