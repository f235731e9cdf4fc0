import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { interop } from "@xenkit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linesOf, type RunningHost, startHost } from "./support/run-xenkit.ts";

const TEST_XENSTORE = "/usr/lib/xen-4.17/bin/test-xenstore";
const tools = interop(
  ["ls", "read", "write", "rm", "exists", "list", "chmod", "watch"].map((name) => ({
    path: `/usr/bin/xenstore-${name}`,
    debian: "xenstore-utils",
  })),
);
const testXenstore = interop([{ path: TEST_XENSTORE, debian: "xen-utils-4.17" }]);

let host: RunningHost;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  host = await startHost(["--demo"]);
  env = { ...process.env, XENSTORED_PATH: host.ready.xenstored };
});
afterAll(() => host[Symbol.asyncDispose]());

/** Runs one of Debian's programs against our host. */
const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { env, timeout: 60_000 })).stdout;

describe.runIf(tools)("Debian's Xenstore programs, against `xenkit up`", () => {
  test("write and read a node", async () => {
    await run("xenstore-write", "/a/b", "hello");
    expect(await run("xenstore-read", "/a/b")).toBe("hello\n");
    expect(await run("xenstore-ls", "-f", "/a")).toBe('/a/b = "hello"\n');
  });

  test("list the guests with their homes, and whose they are", async () => {
    expect(await run("xenstore-list", "/local/domain")).toBe("0\n1\n2\n3\n");
    expect(await run("xenstore-read", "/local/domain/0/name")).toBe("Domain-0\n");
    const home = (await run("xenstore-ls", "-f", "-p", "/local/domain/1")).split("\n");
    expect(home).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^\/local\/domain\/1\/name = "web" +\(n0,r1\)$/),
        expect.stringMatching(/^\/local\/domain\/1\/domid = "1" +\(n0,r1\)$/),
        expect.stringMatching(/^\/local\/domain\/1\/data = "" +\(n1\)$/),
      ]),
    );
  });

  test("xenstore-watch sees a domain come, shut down and go", async () => {
    const watch: ChildProcess = spawn(
      "/usr/bin/xenstore-watch",
      ["@introduceDomain", "@releaseDomain"],
      {
        env,
      },
    );
    try {
      const next = linesOf(watch);
      expect([await next(), await next()]).toEqual(["@introduceDomain", "@releaseDomain"]);
      const { stdout } = await host.run("domain", "create", "--name", "short");
      expect(await next()).toBe("@introduceDomain");
      const domid = stdout.trim();
      await host.run("domain", "shutdown", domid);
      expect(await next()).toBe("@releaseDomain");
      await host.run("domain", "destroy", domid);
      expect(await next()).toBe("@releaseDomain");
      const left = await run("xenstore-list", "/local/domain");
      expect(left.split("\n")).not.toContain(domid);
    } finally {
      watch.kill();
    }
  });

  test("xenstore-watch sees @releaseDomain of a domain that is destroyed without a shutdown", async () => {
    const { stdout } = await host.run("domain", "create");
    const watch: ChildProcess = spawn("/usr/bin/xenstore-watch", ["@releaseDomain"], { env });
    try {
      const next = linesOf(watch);
      expect(await next()).toBe("@releaseDomain");
      await host.run("domain", "destroy", stdout.trim());
      expect(await next()).toBe("@releaseDomain");
    } finally {
      watch.kill();
    }
  });

  test("a name written by xenstore-write shows in `domain list`", async () => {
    await run("xenstore-write", "/local/domain/2/name", "renamed");
    expect((await host.list()).find(({ domid }) => domid === 2)?.name).toBe("renamed");
  });
});

describe.runIf(testXenstore)("Xen's own test of a Xenstore daemon", () => {
  test("passes: test-xenstore -i 200", async () => {
    await expect(run(TEST_XENSTORE, "-i", "200")).resolves.toBeDefined();
  });
});
