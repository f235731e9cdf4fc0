import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test.each([
  { args: ["--requests", "0"], says: "--requests is 1 or more" },
  { args: ["--requests", "x"], says: "--requests is an integer, not x" },
  { args: ["--against", MAIN], says: "a daemon's socket, not " },
  { args: ["--replay", `${MAIN}/x`], says: "ENOTDIR" },
  { args: ["--foo"], says: "Unknown option '--foo'" },
])(
  "differential of $args is refused: status 2, and what is wrong, without a stack",
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
