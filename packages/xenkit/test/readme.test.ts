import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { interop } from "@xenkit/testkit";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningHost, startHost, XENKIT } from "./support/run-xenkit.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
const blockWith = (text: string): string => blocks.find((block) => block.includes(text)) ?? "";
const [, options = ""] =
  /^xenkit up --dir \/tmp\/my-host(.*)\n$/.exec(blockWith("xenkit up")) ?? [];

const tools = interop([{ path: "/usr/bin/xenstore-ls", debian: "xenstore-utils" }]);
const curl = interop([{ path: "/usr/bin/curl", debian: "curl" }]);

let host: RunningHost;
beforeAll(async () => {
  host = await startHost(options.trim().split(" "), scratchFolder());
});
afterAll(() => host[Symbol.asyncDispose]());

/** Runs a block of the README on the host of this test; the first failing line fails it. */
const run = async (block: string): Promise<string> => {
  const quoted = [process.execPath, ...XENKIT].map((word) => `'${word}'`).join(" ");
  const commands = block.replaceAll("/tmp/my-host", host.dir);
  const script = `set -euo pipefail\nxenkit() { ${quoted} "$@"; }\n${commands}`;
  return (await promisify(execFile)("bash", ["-c", script])).stdout;
};

describe("the README's shell examples", () => {
  test("are an installation, a host, and four ways to use it", () => {
    expect(blocks.map((block) => block.split(/\s/)[0])).toEqual([
      "npm",
      "xenkit",
      "export",
      "xenkit",
      "export",
      "curl",
    ]);
  });

  test("steer the host", async () => {
    const printed = await run(blockWith("xenkit domain list"));
    expect(printed).toMatch(/^DOMID .*\n( +\d.*\n){4}4\n\[/);
    expect((await host.list()).map(({ domid, state }) => [domid, state])).toEqual([
      [0, 1],
      [1, 3],
      [3, 1],
      [4, 1],
    ]);
  });

  test("look into the store", async () => {
    const printed = await run(`export XENKIT_DIR=${host.dir}\n${blockWith("xenkit ls")}`);
    expect(printed).toMatch(/^hello\n(\/local\/domain\/1\/[a-z0-9/-]+ = ".*" {3}\([nr].*\)\n)+$/);
  });

  test.runIf(tools)("use Debian's programs", async () => {
    expect(await run(blockWith("xenstore-ls"))).toContain('/local/domain/1/domid = "1"\n');
  });

  test.runIf(curl)("speak the control protocol with curl", async () => {
    expect(await run(blockWith("curl"))).toMatch(
      /^\{"domains":\[.*\]\}\{"domains":\[.*"db".*\]\}$/,
    );
  });
});

test("the README names every command", async () => {
  const { stdout } = await host.run("domain", "--help");
  const names = [...stdout.matchAll(/^ {2}([a-z]+) .*\[options\]/gm)].map(([, name = ""]) => name);
  expect(names.length).toBe(8);
  for (const name of names) expect(readme).toMatch(new RegExp(`\`(xenkit domain )?${name}\``));
});
