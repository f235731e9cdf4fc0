import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { available, startDaemon } from "@xenkit/oracle";
import { createStoreDaemon } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";
import { describe, expect, test } from "vitest";

const TEST_XENSTORE = "/usr/lib/xen-4.17/bin/test-xenstore";

/** Debian's programs, every option of each, in an order in which each line builds on those before. */
const SCRIPT: readonly (readonly [program: string, ...args: string[]])[] = [
  ["ls"],
  ["write", "/a/b", "hello", "/a/c", "w\\x00rld\\n"],
  ["write", "-s", "/a/d", "on the socket"],
  ["write", "-R", "/a/raw", "w\\x00rld"],
  ["write", "/a/empty", ""],
  ["write", "/bytes", "\\x01\\xff\\t\\\\"],
  ["write", "/one-argument"],
  ["write", "bad path", "x"],
  ["write", "relative", "in the home of domain 0"],
  ["write", "/long", "x".repeat(3000)],
  ["write", "/too-long", "x".repeat(5000)],
  ["write", "/a/b", "again"],
  ["read", "/a/b"],
  ["read", "-p", "/a/b", "/a/c"],
  ["read", "-R", "/a/c"],
  ["read", "-s", "/a/d"],
  ["read", "/bytes", "/long"],
  ["read", "-R", "/bytes"],
  ["read", "/nope"],
  ["read", "/a/b", "/nope"],
  ["read", "/"],
  ["read", "relative"],
  ["read", ""],
  ["read"],
  ["list", "/"],
  ["list", "-p", "/a"],
  ["list", "-s", "/a"],
  ["list", "/a/b"],
  ["list", "/nope"],
  ["list", "/a", "/nope"],
  ["exists", "/a/b"],
  ["exists", "-p", "/a/b", "/a/c"],
  ["exists", "-s", "/a"],
  ["exists", "/nope"],
  ["exists", "/a", "/nope"],
  ["ls", "/"],
  ["ls", "-f", "/a"],
  ["ls", "-p", "/a"],
  ["ls", "-f", "-p", "/"],
  ["ls", "-s", "/a"],
  ["ls", "/a/b"],
  ["ls", "/nope"],
  ["chmod", "/a", "n0", "r1"],
  ["chmod", "-r", "/a", "b0", "w3", "n4"],
  ["chmod", "-u", "/a/b", "n0"],
  ["chmod", "-s", "/a/c", "r0"],
  ["chmod", "-r", "-u", "/a/b", "r0"],
  ["chmod", "/a", "x0"],
  ["chmod", "/nope", "n0"],
  ["chmod", "/a", "n99"],
  ["chmod", "/a"],
  ["ls", "-f", "-p"],
  ["rm", "/a/b"],
  ["rm", "-s", "/a/d"],
  ["rm", "-t", "/a/c", "/a/raw", "/a/empty"],
  ["ls", "-f"],
  ["rm", "/nope"],
  ["rm", "/nope/below"],
  ["rm", "/"],
  ["rm"],
  ["read", "-h"],
  ["write", "-h"],
  ["list", "-h"],
  ["exists", "-h"],
  ["ls", "-h"],
  ["chmod", "-h"],
  ["rm", "-h"],
  ["watch", "-h"],
  ["watch", "-n", "1", "bad path"],
];

interface Served extends AsyncDisposable {
  readonly path: string;
}

/** C: the daemon of 4.17. */
const serveC = async (): Promise<Served> => {
  const daemon = await startDaemon({ kind: "c" });
  return { path: daemon.socketPath, [Symbol.asyncDispose]: () => daemon.stop() };
};

const serveOurs = async (): Promise<Served> => {
  const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
  const folder = await mkdtemp(join(tmpdir(), "xenkit-programs-"));
  const server = await serveUnix(daemon, join(folder, "socket"));
  return {
    path: server.path,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
};

/** What a program made of it: exit status, output, complaints. */
const run = async (path: string, name: string, args: readonly string[]): Promise<string> => {
  const options = { env: { XENSTORED_PATH: path }, encoding: "latin1" } as const;
  const told = (status: unknown, stdout: string, stderr: string): string =>
    `${name} ${args.join(" ").slice(0, 60)}: ${status}\n${stdout}${stderr}`;
  try {
    const { stdout, stderr } = await promisify(execFile)(
      `/usr/bin/xenstore-${name}`,
      args,
      options,
    );
    return told(0, stdout, stderr);
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    return told(code, stdout, stderr);
  }
};

/** 600 children: DIRECTORY cannot hold them, the programs ask for parts. */
const MANY = Array.from({ length: 600 }, (_, index) => [`/many/child-number-${index}`, ""]).flat();

const runScript = async ({ path }: Served): Promise<string[]> => {
  const outcomes: string[] = [];
  for (const [name, ...args] of SCRIPT) outcomes.push(await run(path, name, args));
  outcomes.push(await run(path, "write", MANY), await run(path, "list", ["/many"]));
  outcomes.push(await run(path, "ls", ["-f", "/many"]), await run(path, "rm", ["/many"]));
  return outcomes;
};

/** One xenstore-watch, and what others do meanwhile; each line waits for its event. */
const watched = async ({ path }: Served, args: readonly string[]): Promise<string> => {
  const watcher = spawn("/usr/bin/xenstore-watch", args, { env: { XENSTORED_PATH: path } });
  let output = "";
  const lines = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (output.split("\n").length > count) resolve();
        else watcher.stdout.once("data", look);
      };
      look();
    });
  watcher.stdout.setEncoding("latin1").on("data", (text: string) => {
    output += text;
  });
  const closed = once(watcher, "close");
  await lines(1);
  let expected = 1;
  for (const [name, ...rest] of [
    ["write", "/w/a", "1"],
    ["write", "/w/a", "1"],
    ["chmod", "/w/a", "n0", "r1"],
    ["rm", "/w/a"],
    ["rm", "/w"],
  ] as const) {
    await run(path, name, rest);
    expected += 1;
    await lines(expected);
  }
  await closed;
  return output;
};

describe.runIf(available())("Debian's programs", () => {
  test("say and do the same with the C daemon and with ours", async () => {
    await using theirs = await serveC();
    await using ours = await serveOurs();
    const expected = await runScript(theirs);
    expect(await runScript(ours)).toEqual(expected);
    // Most of it succeeds: two daemons that refuse everything would be equal, too.
    expect(expected.filter((line) => /: 0\n/.test(line)).length).toBeGreaterThan(40);
  }, 60_000);

  test.each([{ args: ["-n", "6", "/w"] }, { args: ["-n6", "/w"] }])(
    "hear the same by xenstore-watch $args",
    async ({ args }) => {
      await using theirs = await serveC();
      await using ours = await serveOurs();
      expect(await watched(ours, args)).toBe(await watched(theirs, args));
    },
  );

  test.each([
    { args: ["-i", "2000"], count: 12 },
    { args: ["-r", "20"], count: 0 },
  ])(
    "test-xenstore $args passes",
    async ({ args, count }) => {
      await using ours = await serveOurs();
      // It fails when a test does. A random run of so many seconds says nothing else.
      const { stdout, stderr } = await promisify(execFile)(TEST_XENSTORE, args, {
        env: { XENSTORED_PATH: ours.path },
      });
      expect(stdout.match(/: avg:/g) ?? []).toHaveLength(count);
      expect(stderr).toBe("");
    },
    100_000,
  );
});
