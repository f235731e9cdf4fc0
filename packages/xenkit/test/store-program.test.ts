import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findStore } from "../src/store-connection.ts";
import {
  linesOf,
  outcomeOf,
  type RunningHost,
  runHere,
  start,
  startHost,
  xenkit,
} from "./support/run-xenkit.ts";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
const folder = scratchFolder();
let host: RunningHost;
beforeAll(async () => {
  host = await startHost(["--domains", "1"]);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe("the store commands of xenkit", () => {
  test("find the host by XENKIT_DIR and by --dir, which wins over XENSTORED_PATH", async () => {
    expect(await host.run("write", "/dir/by", "env")).toEqual({ code: 0, stdout: "", stderr: "" });
    const env = { XENSTORED_PATH: "/nowhere", XENKIT_DIR: "/nowhere" };
    const read = await xenkit(["read", "/dir/by", "--dir", host.dir], env);
    expect(read).toEqual({ code: 0, stdout: "env\n", stderr: "" });
    const list = await xenkit(["ls", `--dir=${host.dir}`, "-f", "/dir"], env);
    expect(list.stdout).toBe('/dir/by = "env"\n');
  });

  test("speak in xenkit's name", async () => {
    expect(await runHere("read", "/nope", "--dir", host.dir)).toEqual({
      code: 1,
      stdout: "",
      stderr: "xenkit: couldn't read path /nope\n",
    });
    expect(await runHere("read")).toEqual({
      code: 1,
      stdout: "",
      stderr: "xenkit: Usage: xenkit read [-h] [-p] [-s] [-R] key [...]\n",
    });
    expect((await runHere("ls", "-x", "--dir")).stderr).toBe(
      "ls: invalid option -- 'x'\nls: option '--dir' requires an argument\nxenkit: Usage: xenkit ls [-h] [-f] [-p] [-s] [path]\n",
    );
  });

  test("write bytes as they are", async () => {
    await host.run("write", "/raw", "\\x00\\xff\\n");
    const child = start(["read", "-R", "/raw"], { XENKIT_DIR: host.dir });
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(child, "close");
    expect([...Buffer.concat(chunks)]).toEqual([0, 0xff, 0x0a]);
  });

  test("watch prints each event, until SIGINT", async () => {
    const child = start(["watch", "/seen", "/other"], { XENKIT_DIR: host.dir });
    const outcome = outcomeOf(child);
    const next = linesOf(child);
    expect([await next(), await next()]).toEqual(["/seen", "/other"]);
    await host.run("write", "/seen/a", "1", "/other", "2");
    expect([await next(), await next()]).toEqual(["/seen/a", "/other"]);
    child.kill("SIGINT");
    expect(await outcome).toMatchObject({ code: 0, stderr: "" });
  });

  test("watch ends when the daemon does: Xen's program waits for ever", async () => {
    await using mortal = await startHost();
    const child = start(["watch", "/x"], { XENKIT_DIR: mortal.dir });
    const outcome = outcomeOf(child);
    await linesOf(child)();
    await mortal.stop("SIGKILL");
    expect(await outcome).toEqual({
      code: 1,
      stdout: "/x\n",
      stderr: "xenkit: watch ended: Bad file descriptor\n",
    });
  });

  test("a link by the name of one of Xen's programs is that program", async () => {
    const link = join(folder, "xenstore-exists");
    symlinkSync(BIN, link);
    const run = (...args: string[]) =>
      outcomeOf(
        spawn(process.execPath, ["--conditions=@xenkit/source", link, ...args], {
          env: { ...process.env, XENSTORED_PATH: host.ready.xenstored },
        }),
      );
    expect((await run("/local/domain/1")).code).toBe(0);
    expect((await run("/local/domain/99")).code).toBe(1);
    expect(await run("--help")).toEqual({
      code: 1,
      stdout: "",
      stderr: "xenstore-exists: Usage: xenstore-exists [-h] [-p] [-s] key [...]\n",
    });
  });

  test("a reader that has enough ends it without a word", async () => {
    const child = start(["watch", "/full"], { XENKIT_DIR: host.dir });
    const outcome = outcomeOf(child);
    await linesOf(child)();
    child.stdout?.destroy();
    await host.run("write", "/full/a", "1");
    await host.run("write", "/full/b", "1");
    expect(await outcome).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("the Xenstore that a command finds", () => {
  const find = (env: Record<string, string>, dir?: string): string =>
    findStore({ dir, env, temporary: folder, uid: process.getuid?.() }).name;

  test("is the one in --dir first, then XENSTORED_PATH, whether there is one or not", () => {
    expect(find({ XENSTORED_PATH: "/a/b" }, "/c")).toBe("unix:/c/xenstored.sock");
    expect(find({ XENSTORED_PATH: "/a/b", XENKIT_DIR: host.dir })).toBe("unix:/a/b");
  });

  test("is spoken to as a device when XENSTORED_PATH is no socket", () => {
    const device = join(folder, "device");
    writeFileSync(device, "");
    expect(find({ XENSTORED_PATH: device })).toBe(`xenbus:${device}`);
  });

  test("is the first socket there is of XENSTORED_RUNDIR's and a host's", () => {
    const run = join(folder, "run");
    mkdirSync(run);
    const env = { XENSTORED_RUNDIR: run, XENKIT_DIR: host.dir };
    expect(find(env)).toBe(`unix:${host.ready.xenstored}`);
    symlinkSync(host.ready.xenstored, join(run, "socket"));
    expect(find(env)).toBe(`unix:${join(run, "socket")}`);
    expect(find({ XENKIT_DIR: host.dir })).toBe(`unix:${host.ready.xenstored}`);
  });

  test("is where xenkit up puts it when nothing is said", () => {
    const runtime = join(folder, "runtime");
    mkdirSync(runtime);
    mkdirSync(join(runtime, "xenkit"), { mode: 0o700 });
    symlinkSync(host.ready.xenstored, join(runtime, "xenkit", "xenstored.sock"));
    expect(find({ XDG_RUNTIME_DIR: runtime })).toBe(`unix:${runtime}/xenkit/xenstored.sock`);
  });
});
