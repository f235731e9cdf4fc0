import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { start, startHost, told, XENKIT } from "./support/run-xenkit.ts";

/** Runs a line of bash with the command line in `$XENKIT`; the exit codes of the pipe's parts are its last line. */
const bash = async (line: string, dir: string): Promise<string[]> => {
  const quoted = [process.execPath, ...XENKIT].map((word) => `'${word}'`).join(" ");
  const script = `xenkit() { ${quoted} "$@"; }\n${line}\necho "\${PIPESTATUS[@]}"`;
  const env = { ...process.env, XENKIT_DIR: dir };
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], { env });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
};

test("a reader that closes the pipe is no failure", async () => {
  await using host = await startHost(["--domains", "1000"]);
  // More than a pipe holds, so that the reader is gone while there is still something to write.
  expect(await bash("xenkit domain list --json | head -1", host.dir)).toEqual(["[", "0 0"]);
  const table = await bash("xenkit domain list | head -1", host.dir);
  expect(table).toEqual([expect.stringMatching(/^ *DOMID/), "0 0"]);
});

test("a watch ends when its reader does", async () => {
  await using host = await startHost();
  const child = start(["watch", "--dir", host.dir]);
  const ended = once(child, "close");
  await told(child, /watching the host/);
  child.stdout?.destroy();
  await host.run("domain", "create");
  expect(await ended).toEqual([0, null]);
});
