import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test.each([
  { args: ["--switch", "nope"], says: "no switch is called nope" },
  { args: ["--replay", `${MAIN}/x`], says: "ENOTDIR" },
  { args: ["--replay", MAIN], says: "is no run that this can play" },
  { args: ["--foo"], says: "Unknown option '--foo'" },
])(
  "explore of $args is refused: status 2, and what is wrong, without a stack",
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
