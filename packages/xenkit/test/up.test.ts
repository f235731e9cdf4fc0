import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { describe, expect, test } from "vitest";
import { linesOf, outcomeOf, start, startHost, XENKIT, xenkit } from "./support/run-xenkit.ts";

/** Runs a line of bash; the program is `"$@"`. */
const bash = (line: string) =>
  outcomeOf(spawn("bash", ["-c", line, "bash", process.execPath, ...XENKIT]));

describe("xenkit up", () => {
  test("prints one ready line: pid, directory and sockets, which only the user can use", async () => {
    await using host = await startHost(["--domains", "2"]);
    const { ready, dir, child } = host;
    expect(ready).toMatchObject({
      pid: child.pid,
      dir,
      xenstored: join(dir, "xenstored.sock"),
      control: join(dir, "control.sock"),
      release: "4.22",
      uniqueIds: "sequence",
      domains: 3,
    });
    for (const path of [ready.xenstored, ready.control]) {
      const stat = lstatSync(path);
      expect(stat.isSocket()).toBe(true);
      expect(stat.mode & 0o077).toBe(0);
    }
    const { stdout, code } = await host.stop("SIGTERM");
    expect({ lines: stdout.split("\n").length, code }).toEqual({ lines: 2, code: 0 });
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "ends at %s: exit code 0, nothing left behind",
    async (signal) => {
      await using host = await startHost();
      const client = connect(host.ready.xenstored);
      const hungUp = new Promise((resolve) => client.once("close", resolve));
      const { code, stderr } = await host.stop(signal);
      await hungUp;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(readdirSync(host.dir)).toEqual([]);
    },
  );

  test("takes several signals at once for one: npm and the terminal may both send it", async () => {
    await using host = await startHost();
    host.child.kill("SIGINT");
    host.child.kill("SIGTERM");
    // One that comes when all is done may still be what ends the process: the exit code tells nothing here.
    await host.stop("SIGINT");
    expect(readdirSync(host.dir)).toEqual([]);
  });

  test("can be ended while it still creates its guests", async () => {
    const dir = scratchFolder();
    const child = start(["up", "--dir", dir, "--domains", "32751"]);
    const outcome = outcomeOf(child);
    // The sockets are there before the guests are.
    while (!existsSync(join(dir, "control.sock"))) await sleep(20);
    child.kill("SIGTERM");
    expect(await outcome).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("ends though a client of the control socket keeps its connection", async () => {
    await using host = await startHost();
    const idle = connect(host.ready.control);
    idle.on("error", () => {});
    const busy = connect(host.ready.control);
    busy.on("error", () => {});
    busy.write("POST /v1/domains HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{");
    await once(idle, "connect");
    expect((await host.stop("SIGTERM")).code).toBe(0);
    expect(readdirSync(host.dir)).toEqual([]);
  });

  test("is refused in a directory where a host runs, naming its pid, and does it no harm", async () => {
    await using host = await startHost();
    const second = await xenkit(["up", "--dir", host.dir]);
    expect(second.code).toBe(1);
    expect(second.stdout).toBe("");
    expect(second.stderr).toContain(`already running in ${host.dir} (pid ${host.child.pid})`);
    expect((await host.list()).length).toBe(1);
  });

  test("replaces what a killed host has left", async () => {
    const dir = scratchFolder();
    const first = await startHost([], dir);
    await first.stop("SIGKILL");
    expect(existsSync(first.ready.xenstored) && existsSync(first.ready.control)).toBe(true);
    await using second = await startHost([], dir);
    expect((await second.list()).length).toBe(1);
    expect(readdirSync(dir).sort()).toEqual([
      "control.sock",
      `owner.${second.child.pid}`,
      "xenstored.sock",
    ]);
  });

  test("leaves a file alone that is no socket", async () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, "control.sock"), "");
    const { code, stderr } = await xenkit(["up", "--dir", dir]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("control.sock is no socket"),
    });
    expect(readdirSync(dir)).toEqual(["control.sock"]);
  });

  test.runIf(process.platform === "linux")("says it when it cannot write", async () => {
    const { code, stderr } = await xenkit(["up", "--dir", "/proc"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^xenkit: cannot write to the host's directory: E\w+.*\n$/),
    });
  });

  test("leaves nothing of itself in a directory that it cannot write, as on a full disk", async () => {
    const dir = scratchFolder();
    const { code, stderr } = await bash(`ulimit -f 0; "$@" up --dir '${dir}'`);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^xenkit: cannot write to the host's directory: E\w+.*\n$/),
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("ends, and says why, when its ready line cannot be written", async () => {
    const dir = scratchFolder();
    const file = join(dir, "read-only");
    writeFileSync(file, "");
    const { code, stderr } = await bash(`"$@" up --dir '${dir}/host' 1< '${file}'`);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^xenkit: cannot write the output: E\w+.*\n$/),
    });
    expect(readdirSync(join(dir, "host"))).toEqual([]);
  });

  test.each(["up --dir x", "ls --dir x", "xenstored --dir x"])(
    "%s says it when the current folder was removed",
    async (line) => {
      const dir = scratchFolder();
      const { code, stderr } = await bash(
        `mkdir '${dir}/gone'; cd '${dir}/gone'; rmdir ../gone; "$@" ${line}`,
      );
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^xenkit: ENOENT: .*current working directory.*\n$/),
      });
    },
  );

  test("says it when the directory's name is too long for a socket", async () => {
    const { code, stderr } = await xenkit(["up", "--dir", join(scratchFolder(), "x".repeat(100))]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^xenkit: the socket path .* has \d+ bytes.*choose a shorter --dir\n$/);
  });

  test("takes the release and the policy of unique ids", async () => {
    await using host = await startHost(["--release", "4.21", "--unique-ids", "xorshift"]);
    expect(host.ready).toMatchObject({ release: "4.21", uniqueIds: "xorshift" });
    const [dom0] = await host.list();
    expect(BigInt(dom0?.uniqueId ?? 0)).toBeGreaterThan(2n ** 32n);
  });

  test("has a demo: a few guests, and what to try as commands that can be pasted", async () => {
    await using host = await startHost(["--demo"]);
    expect((await host.list()).map(({ name }) => name)).toEqual([
      "Domain-0",
      "web",
      "database",
      "builder",
    ]);
    const { stderr } = await host.stop("SIGTERM");
    expect(stderr).toContain(`XENSTORED_PATH=${host.ready.xenstored} xenstore-ls -f\n`);
    expect(stderr).toContain(`npm run xenkit -- domain list --dir ${host.dir}\n`);
  });

  test("lives without --dir in a temporary folder of the user, where the other commands find it", async () => {
    const TMPDIR = scratchFolder();
    const child = start(["up"], { TMPDIR });
    const outcome = outcomeOf(child);
    const ready = await linesOf(child)();
    const dir = join(TMPDIR, `xenkit-${process.getuid?.()}`);
    expect(ready).toContain(`"dir":${JSON.stringify(dir)}`);
    expect(lstatSync(dir).mode & 0o777).toBe(0o700);
    expect((await xenkit(["domain", "list"], { TMPDIR })).stdout).toContain("Domain-0");
    child.kill("SIGTERM");
    expect((await outcome).code).toBe(0);
  });

  test("finds its directory in XDG_RUNTIME_DIR", async () => {
    const runtime = scratchFolder();
    const { stderr } = await xenkit(["domain", "list"], { XDG_RUNTIME_DIR: runtime });
    expect(stderr).toContain(`no host is running in ${join(runtime, "xenkit")};`);
  });
});
