import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { STATE } from "@xenkit/abi";
import { interop } from "@xenkit/testkit";
import { createStoreDaemon } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";
import { describe, expect, test } from "vitest";
import { scratchFolder } from "./scratch-folder.ts";

const TEST_XENSTORE = "/usr/lib/xen-4.17/bin/test-xenstore";
const tools = ["write", "read", "ls", "list", "exists", "rm", "chmod", "watch"].map((name) => ({
  path: `/usr/bin/xenstore-${name}`,
  debian: "xenstore-utils",
}));
const present = interop([...tools, { path: TEST_XENSTORE, debian: "xen-utils-4.17" }]);

const serve = async () => {
  const folder = scratchFolder();
  const getDomainInfo = (domid: number) =>
    domid === 5 ? { domid, state: STATE.exist, caps: 0, uniqueId: 1n } : undefined;
  const daemon = createStoreDaemon({ domains: { getDomainInfo } });
  const server = await serveUnix(daemon, join(folder.path, "socket"));
  const env = { XENSTORED_PATH: server.path };
  return {
    env,
    daemon,
    run: async (name: string, ...parameters: readonly string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(`/usr/bin/xenstore-${name}`, parameters, {
        env,
      });
      return stdout;
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      folder[Symbol.dispose]();
    },
  };
};

describe.runIf(present)("Debian's programs", () => {
  test("write, read, list and remove", async () => {
    await using store = await serve();
    await store.run("write", "/a/b", "hello", "/a/c", "w\\x00rld");
    expect(await store.run("read", "/a/b")).toBe("hello\n");
    expect(await store.run("read", "-R", "/a/c")).toBe("w\0rld");
    expect(await store.run("list", "/a")).toBe("b\nc\n");
    expect(await store.run("ls", "-f", "/a")).toBe('/a/b = "hello"\n/a/c = "w\\000rld"\n');
    await store.run("exists", "/a/b");
    await expect(store.run("exists", "/nope")).rejects.toMatchObject({ code: 1 });
    await store.run("rm", "-t", "/a/b");
    await expect(store.run("read", "/a/b")).rejects.toMatchObject({ stderr: /couldn't read path/ });
  });

  test("change and show permissions", async () => {
    await using store = await serve();
    await store.run("write", "/a/b", "x");
    await store.run("chmod", "-r", "/a", "n0", "r5");
    expect(await store.run("ls", "-f", "-p", "/")).toContain('/a/b = "x"   (n0,r5)');
  });

  test("list a node whose children do not fit into a message", async () => {
    await using store = await serve();
    const paths = Array.from({ length: 600 }, (_, index) => `/many/child-${index}`);
    await store.run("write", ...paths.flatMap((path) => [path, ""]));
    expect((await store.run("list", "/many")).split("\n")).toHaveLength(601);
  });

  test("watch", async () => {
    await using store = await serve();
    const watcher = spawn("/usr/bin/xenstore-watch", ["-n", "3", "/a"], { env: store.env });
    const closed = once(watcher, "close");
    const output: string[] = [];
    watcher.stdout.setEncoding("latin1").on("data", (text: string) => output.push(text));
    await once(watcher.stdout, "data");
    await store.run("write", "/a/b", "x");
    await store.run("rm", "/a");
    await closed;
    expect(output.join("")).toBe("/a\n/a/b\n/a\n");
  });

  test("test-xenstore passes its 12 tests", async () => {
    await using store = await serve();
    const { stdout } = await promisify(execFile)(TEST_XENSTORE, ["-i", "200"], { env: store.env });
    expect(stdout.match(/: avg:/g)).toHaveLength(12);
    expect(store.daemon.counts.connections).toBe(0);
  });
});
