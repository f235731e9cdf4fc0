import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { available, connectSocket, startDaemon } from "@xenkit/oracle";
import { afterAll, describe, expect, test } from "vitest";
import { ask, KINDS, runs } from "./support.ts";

const TEST_XENSTORE = "/usr/lib/xen-4.17/bin/test-xenstore";

describe.runIf(available()).each(KINDS)("the real %s daemon", (kind) => {
  const parent = mkdtempSync(join(tmpdir(), "oracle test "));
  afterAll(() => rmSync(parent, { recursive: true }));

  test("passes Debian's test-xenstore", async () => {
    await using daemon = await startDaemon({ kind });
    const env = { ...process.env, XENSTORED_PATH: daemon.socketPath };
    const run = promisify(execFile)(TEST_XENSTORE, ["-i", "50"], { env });
    await expect(run).resolves.toBeDefined();
  });

  test("answers Debian's clients", async () => {
    await using daemon = await startDaemon({ kind });
    const env = { ...process.env, XENSTORED_PATH: daemon.socketPath };
    await promisify(execFile)("/usr/bin/xenstore-write", ["/a/b", "hello"], { env });
    const { stdout } = await promisify(execFile)("/usr/bin/xenstore-read", ["/a/b"], { env });
    expect(stdout).toBe("hello\n");
  });

  test("leaves nothing behind when stopped, in a folder with a blank in its name", async () => {
    const daemon = await startDaemon({ kind, directory: parent });
    expect(dirname(dirname(daemon.socketPath))).toBe(parent);
    expect(runs(daemon.pid)).toBe(true);
    await daemon.stop();
    expect(existsSync(`/proc/${daemon.pid}`)).toBe(false);
    expect(readdirSync(parent)).toEqual([]);
    await daemon.stop();
  });

  test("runs beside another one, each with its own store", async () => {
    await using daemons = new AsyncDisposableStack();
    const [one, other] = await Promise.all([startDaemon({ kind }), startDaemon({ kind })]);
    daemons.use(one);
    daemons.use(other);
    await using toOne = await connectSocket(one.socketPath);
    await using toOther = await connectSocket(other.socketPath);
    expect(await ask(toOne, "write", "/a\0one")).toBe("OK\0");
    expect(await ask(toOther, "read", "/a\0")).toBe("!ENOENT");
    expect(await ask(toOne, "read", "/a\0")).toBe("one");
  });

  test("stops even when it is frozen", async () => {
    const daemon = await startDaemon({ kind, directory: parent });
    process.kill(daemon.pid, "SIGSTOP");
    await daemon.stop();
    expect(await daemon.exited).toMatch(/^SIG(TERM|KILL)$/);
    expect(readdirSync(parent)).toEqual([]);
  });

  test("ends the guests' clients when it crashes", async () => {
    await using daemon = await startDaemon({ kind });
    const answer = daemon.hypervisor.guest(0).receive();
    process.kill(daemon.pid, "SIGKILL");
    await expect(answer).rejects.toMatchObject({ code: "closed" });
    await expect(daemon.hypervisor.guest(0).receive()).rejects.toMatchObject({ code: "closed" });
    expect(await daemon.exited).toBe("SIGKILL");
  });

  test("says why it did not start", async () => {
    await expect(startDaemon({ kind, args: ["--help"], directory: parent })).rejects.toMatchObject({
      code: "start-failed",
      details: { log: expect.stringContaining("--no-fork") },
      message: expect.stringContaining("exit"),
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  test("is refused a folder whose name is too long for a socket", async () => {
    await expect(startDaemon({ kind, directory: `/tmp/${"x".repeat(100)}` })).rejects.toMatchObject(
      { code: "path-too-long" },
    );
  });

  test("stays on the CPU that it was pinned to", async () => {
    await using daemon = await startDaemon({ kind, cpu: 0 });
    const { stdout } = await promisify(execFile)("taskset", ["-p", `${daemon.pid}`]);
    expect(stdout.trim()).toMatch(/: 1$/);
  });
});

describe.runIf(available())("a daemon that does not answer", () => {
  test("is given up on, and what it said is told", async () => {
    const silent = startDaemon({
      kind: "ocaml",
      args: ["--disable-socket"],
      startTimeoutMs: 300,
    });
    await expect(silent).rejects.toMatchObject({
      code: "start-timeout",
      details: { timeoutMs: 300, log: expect.stringContaining("Xen Storage Daemon") },
    });
  });
});

describe.runIf(available())("a CPU that is not there", () => {
  test("is refused with what the system says of it", async () => {
    await expect(startDaemon({ kind: "c", cpu: 9999 })).rejects.toMatchObject({
      code: "start-failed",
      message: expect.stringContaining("affinity"),
    });
  });
});

describe.runIf(available())("options of the daemons", () => {
  test("reach the C daemon, and its log can be read", async () => {
    await using daemon = await startDaemon({ kind: "c", args: ["--transaction", "2"] });
    await using dom0 = await connectSocket(daemon.socketPath);
    expect(await ask(dom0, "control", "print\0a line of ours\0")).toBe("OK\0");
    expect(daemon.log()).toContain("a line of ours");
  });

  test("reach the OCaml daemon through its configuration", async () => {
    await using daemon = await startDaemon({
      kind: "ocaml",
      config: { "xenstored-log-level": "debug" },
    });
    expect(daemon.log()).toContain("Xen Storage Daemon");
  });
});
