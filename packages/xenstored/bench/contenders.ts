import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { processTimes, startDaemon } from "@xenkit/oracle";
import { closeConnection, LoadClient, openConnection } from "./load-client.ts";

/** A server under load. */
export interface Contender {
  readonly name: string;
  readonly pid: number;
  /** Opens connections. */
  readonly connect: (count: number) => LoadClient;
  /** CPU that the server takes for `operations` operations, in µs for each. */
  readonly measure: (operations: number, work: () => void) => number;
  readonly stop: () => Promise<void> | void;
}

export const C = "C 4.17";
export const OCAML = "OCaml 4.17";
export const LIBUV = "ours, libuv";
export const EPOLL = "ours, epoll";
const ECHO = "echo, C";
const ECHO_LIBUV = "echo, libuv";
/** They send back what they get: no less than what reading and writing cost. */
export const ECHOES: ReadonlySet<string> = new Set([ECHO, ECHO_LIBUV]);

/** Daemon and client share it: a wake-up across CPUs costs now this, now that. */
const CPU = 1;

const STARTS: Readonly<Record<string, () => Promise<Contender>>> = {
  [C]: () => realDaemon(C, "c"),
  [OCAML]: () => realDaemon(OCAML, "ocaml"),
  [LIBUV]: () => ownServer(LIBUV, "libuv"),
  [EPOLL]: () => ownServer(EPOLL, "epoll"),
  [ECHO]: () => ownServer(ECHO, "echo"),
  [ECHO_LIBUV]: () => ownServer(ECHO_LIBUV, "echo-libuv"),
};

/** Starts some of them, in this order, and puts them and this process on one CPU. */
export const startContenders = async (
  names: readonly string[] = Object.keys(STARTS),
): Promise<Contender[]> => {
  execFileSync("taskset", ["-acp", `${CPU}`, `${process.pid}`], { stdio: "ignore" });
  const started: Contender[] = [];
  for (const name of names) {
    const start = STARTS[name];
    if (start === undefined) throw new Error(`no contender ${name}`);
    started.push(await start());
  }
  return started;
};

const realDaemon = async (name: string, kind: "c" | "ocaml"): Promise<Contender> => {
  const { pid, socketPath, stop } = await startDaemon({ kind, cpu: CPU });
  return contender({ name, pid, socketPath, stop });
};

const ownServer = async (name: string, kind: string): Promise<Contender> => {
  const folder = mkdtempSync(join(tmpdir(), "xenstored-load-"));
  const socketPath = join(folder, "socket");
  const script = fileURLToPath(new URL("./daemon.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@xenkit/source", script, kind, socketPath], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const stop = (): void => {
    child.kill();
    rmSync(folder, { recursive: true });
  };
  process.once("exit", () => child.kill());
  for (let tries = 0; !answers(socketPath); tries += 1) {
    if (tries > 1000 || child.exitCode !== null) throw new Error(`${name} does not serve`);
    await sleep(10);
  }
  return contender({ name, pid: child.pid as number, socketPath, stop });
};

const answers = (socketPath: string): boolean => {
  const fd = openConnection(socketPath);
  if (fd >= 0) closeConnection(fd);
  return fd >= 0;
};

interface Served {
  readonly name: string;
  readonly pid: number;
  readonly socketPath: string;
  readonly stop: () => Promise<void> | void;
}

const contender = ({ name, pid, socketPath, stop }: Served): Contender => ({
  name,
  pid,
  stop,
  connect: (count) => new LoadClient(name, socketPath, count),
  measure: (operations, work) => {
    const before = processTimes(pid).cpuNs;
    work();
    return (processTimes(pid).cpuNs - before) / 1000 / operations;
  },
});
