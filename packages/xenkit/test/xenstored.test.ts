import { existsSync, lstatSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { connect } from "@xenkit/xenstore-client";
import { unix } from "@xenkit/xenstore-client/unix";
import { describe, expect, test, vi } from "vitest";
import {
  linesOf,
  outcomeOf,
  runHere,
  start,
  startHost,
  told,
  xenkit,
} from "./support/run-xenkit.ts";

const get = (options: { readonly port?: number; readonly socketPath?: string }, path: string) =>
  new Promise<{ readonly status: number | undefined; readonly body: string }>((resolve, reject) => {
    request({ host: "127.0.0.1", ...options, path, agent: false }, async (response) => {
      resolve({ status: response.statusCode, body: await text(response) });
    })
      .once("error", reject)
      .end();
  });

interface Ready {
  readonly pid: number;
  readonly socket: string;
  readonly io: string;
  readonly domains: number;
  readonly metricsPort?: number;
}

const startXenstored = async (...args: string[]) => {
  const dir = scratchFolder();
  const socket = join(dir, "socket");
  return run(["--socket", socket, ...args], { dir, socket });
};

const run = async <T>(args: readonly string[], rest: T, env?: Record<string, string>) => {
  const child = start(["xenstored", ...args], env);
  const outcome = outcomeOf(child);
  const line = await linesOf(child)();
  const ready = JSON.parse(line.replace(/^ready /, "")) as Ready;
  return {
    ...rest,
    ready,
    outcome,
    child,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await outcome;
    },
  };
};

describe("xenkit xenstored", () => {
  const engines = process.platform === "linux" ? ["libuv", "epoll"] : ["libuv"];
  test.each(engines)("serves by %s where that is asked for", async (io) => {
    await using daemon = await startXenstored("--io", io);
    expect(daemon.ready.io).toBe(io);
    await using client = await connect(unix(daemon.socket));
    await client.write("/a/b", "hello");
    expect(await client.read("/a/b")).toBe("hello");
  });

  test("serves a store on its socket, mode 0600, and leaves nothing behind at SIGTERM", async () => {
    const pidFile = join(scratchFolder(), "pid");
    await using daemon = await startXenstored("--pid-file", pidFile, "--domains", "2");
    expect(daemon.ready).toMatchObject({
      pid: daemon.child.pid,
      socket: daemon.socket,
      domains: 2,
    });
    expect(lstatSync(daemon.socket).mode & 0o777).toBe(0o600);
    expect(readFileSync(pidFile, "utf8")).toBe(`${daemon.child.pid}\n`);
    await using client = await connect(unix(daemon.socket));
    await client.write("/a/b", "hello");
    expect(await client.read("/a/b")).toBe("hello");
    expect(await client.list("/local/domain")).toEqual(["0", "1", "2"]);
    daemon.child.kill("SIGTERM");
    expect(await daemon.outcome).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(daemon.dir)).toEqual([]);
    expect(existsSync(pidFile)).toBe(false);
  });

  test.each([
    { conflicts: "answers", result: "written" },
    { conflicts: "strict", result: "EAGAIN" },
  ])("with --conflicts $conflicts a blind writer gets $result", async ({ conflicts, result }) => {
    await using daemon = await startXenstored(
      "--conflicts",
      conflicts,
      "--quota",
      "nodes=7",
      "watches=3",
    );
    await using client = await connect(unix(daemon.socket));
    const tx = await client.begin();
    await tx.write("/x", "inside");
    await client.write("/x", "outside");
    const outcome = await tx.commit().then(
      () => "written",
      (error: { readonly code: string }) => error.code,
    );
    expect(outcome).toBe(result);
    const quotas = await client.control(["quota"]);
    expect(quotas).toMatch(/nodes +: +7 /);
    expect(quotas).toMatch(/watches +: +3 /);
  });

  test("shows Prometheus what it does, on loopback only", async () => {
    await using daemon = await startXenstored("--metrics-port", "0");
    const port = daemon.ready.metricsPort ?? 0;
    await using client = await connect(unix(daemon.socket));
    await client.write("/a", "1");
    await client.read("/nope").catch(() => {});
    const { status, body } = await get({ port }, "/metrics");
    expect(status).toBe(200);
    expect(body).toContain('xenstored_requests_total{type="write",result="OK"}');
    expect(body).toContain('xenstored_requests_total{type="read",result="ENOENT"} 1');
    expect(body).toContain('xenstored_quota_refusals_total{quota="nodes"} 0');
    expect(body).toMatch(/xenstored_objects\{kind="nodes"\} \d+/);
    expect(body).toMatch(/xenstored_loop_delay_seconds\{quantile="0.99"\} \d/);
    expect(body).toMatch(/process_resident_memory_bytes \d{7}/);
    expect((await get({ port }, "/")).status).toBe(404);
  });

  test("logs to a file when CONTROL says so, and writes its report there", async () => {
    await using daemon = await startXenstored();
    await using client = await connect(unix(daemon.socket));
    const file = join(daemon.dir, "log");
    await client.control(["logfile", file]);
    await client.control(["print", "hello"]);
    await client.control(["memreport", join(daemon.dir, "report")]);
    expect(readFileSync(file, "utf8")).toContain('"msg":"hello"');
    expect(readFileSync(join(daemon.dir, "report"), "utf8")).toMatch(/^memreport: \d+ nodes/);
  });

  test("opens its log file anew at SIGHUP, and lives", async () => {
    await using daemon = await startXenstored();
    await using client = await connect(unix(daemon.socket));
    const file = join(daemon.dir, "log");
    daemon.child.kill("SIGHUP");
    await client.control(["logfile", file]);
    await client.control(["print", "first"]);
    renameSync(file, `${file}.1`);
    daemon.child.kill("SIGHUP");
    await vi.waitUntil(() => existsSync(file));
    await client.control(["print", "second"]);
    expect(readFileSync(`${file}.1`, "utf8")).toContain('"msg":"first"');
    expect(readFileSync(file, "utf8")).toContain('"msg":"second"');
  });

  test("says what it cannot do", async () => {
    await using daemon = await startXenstored();
    const again = await xenkit(["xenstored", "--socket", daemon.socket]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("in-use");
  });
});

describe("the directory of xenkit xenstored", () => {
  const engines = process.platform === "linux" ? ["libuv", "epoll"] : ["libuv"];
  test.each(engines)("has a control socket: domain and watch work as with up (%s)", async (io) => {
    const dir = scratchFolder();
    await using daemon = await run(["--dir", dir, "--domains", "1", "--io", io], {});
    const socket = join(dir, "xenstored.sock");
    const control = join(dir, "control.sock");
    expect(daemon.ready).toMatchObject({ dir, socket, control });
    expect(lstatSync(control).mode & 0o077).toBe(0);

    const watching = start(["watch", "--json", "--dir", dir]);
    const watched = outcomeOf(watching);
    await told(watching, /watching the host/);
    const command = (...args: string[]) => runHere(...args, "--dir", dir);
    expect(await command("domain", "create", "--name", "web")).toMatchObject({ stdout: "2\n" });
    expect((await command("domain", "list")).stdout).toMatch(/^DOMID.*\n.*Domain-0.*\n.*\n.*web/);
    const usage = await command("domain", "usage", "2", "--json");
    expect(JSON.parse(usage.stdout)).toMatchObject([{ domid: 2, introduced: true }]);
    await using client = await connect(unix(socket));
    expect(await client.read("/local/domain/2/name")).toBe("web");
    expect(await command("domain", "destroy", "2")).toMatchObject({ code: 0 });
    expect(await client.exists("/local/domain/2")).toBe(false);

    daemon.child.kill("SIGTERM");
    const kinds = (await watched).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(["appeared", "dead", "gone"]);
    expect(await daemon.outcome).toMatchObject({ code: 0 });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("describes it there", async () => {
    const dir = scratchFolder();
    const pidFile = join(dir, "pid");
    const socket = join(dir, "elsewhere");
    const args = ["--dir", dir, "--socket", socket, "--pid-file", pidFile];
    await using daemon = await run(args, {});
    expect(lstatSync(pidFile).mode & 0o777).toBe(0o644);
    const { body } = await get({ socketPath: join(dir, "control.sock") }, "/v1/host");
    expect(JSON.parse(body)).toMatchObject({
      pid: daemon.child.pid,
      directory: dir,
      xenstored: socket,
      websocket: null,
    });
  });

  test("is that of up where no socket is named, and belongs to one of them", async () => {
    const dir = scratchFolder();
    await using daemon = await run([], {}, { XENKIT_DIR: dir });
    expect(daemon.ready).toMatchObject({ dir });
    const second = await xenkit(["up"], { XENKIT_DIR: dir });
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toContain(`already running in ${dir} (pid ${daemon.child.pid})`);
  });

  test("is none with a socket alone", async () => {
    const dir = scratchFolder();
    const socket = join(scratchFolder(), "socket");
    await using daemon = await run(["--socket", socket], {}, { XENKIT_DIR: dir });
    expect(daemon.ready).not.toHaveProperty("control");
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe("xenkit domain usage", () => {
  test("shows what each domain uses, of how much, and JSON with every quota", async () => {
    await using host = await startHost(["--domains", "1"]);
    const { stdout, code } = await host.run("domain", "usage");
    expect(code).toBe(0);
    const [head, dom0, guest] = stdout.split("\n");
    expect(head).toMatch(
      /^DOMID +NODES +WATCHES +TRANSACTIONS +OUTSTANDING +MEMORY +REFUSED +HELD BY$/,
    );
    expect(dom0).toMatch(/^ +0 /);
    expect(guest).toMatch(/^ +1 +10\/1000 +0\/128 +0\/10 +0\/20 +\d+\/2621440 +- +-$/);
    const json = JSON.parse((await host.run("domain", "usage", "1", "--json")).stdout);
    expect(json).toMatchObject([
      { domid: 1, introduced: true, held: null, quotas: { "path-max": { limit: 2048 } } },
    ]);
    expect(await host.run("domain", "usage", "77")).toMatchObject({
      code: 1,
      stderr: "xenkit: ENOENT: Xenstore knows no domain 77\n",
    });
    expect((await get({ socketPath: host.ready.control }, "/metrics")).body).toContain(
      'xenstored_domain_memory_bytes{domid="1"}',
    );
  });
});
