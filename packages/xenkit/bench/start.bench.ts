// From the call of a program to its end: what a script waits for that asks the store one thing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bench, sample } from "@xenkit/bench";
import { startDaemon } from "@xenkit/oracle";

const DEBIAN = "Debian's xenstore-*";
const OURS = "xenkit";
const NODE = "node that does nothing";

const ROOT = new URL("../../../", import.meta.url);
const BIN = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

await using daemon = await startDaemon({ kind: "c" });
const env = { ...process.env, XENSTORED_PATH: daemon.socketPath };

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { env, encoding: "utf8" });
const debian = (command: string, ...args: string[]): string => run(`xenstore-${command}`, ...args);
const ours = (command: string, ...args: string[]): string =>
  run(process.execPath, BIN, command, ...args);

/** Milliseconds of one call. */
const timed = (call: () => unknown) => () => sample(call, 1) / 1e6;

const COMMANDS = { read: ["/start/a"], write: ["/start/b", "1"], ls: ["/start"] } as const;

await bench(import.meta, {
  name: "start",
  title: "One command, from its call to its end",
  unit: "ms per call",
  baseline: DEBIAN,
  verify: () => {
    // As it is installed: JavaScript.
    execFileSync("pnpm", ["exec", "turbo", "run", "build", "--filter", "xenkit..."], { cwd: ROOT });
    debian("write", "/start/a", "hello");
    for (const [command, args] of Object.entries(COMMANDS)) {
      assert.equal(ours(command, ...args), debian(command, ...args), command);
    }
  },
  rows: () =>
    Object.entries(COMMANDS).map(([command, args]) => ({
      name: command,
      contenders: {
        [DEBIAN]: timed(() => debian(command, ...args)),
        [OURS]: timed(() => ours(command, ...args)),
        [NODE]: timed(() => run(process.execPath, "-e", "0")),
      },
    })),
  notes:
    "On the C daemon. A program in Node cannot start faster than Node: for many requests a program of one's own with `@xenkit/xenstore-client` is the way.",
});
