import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { compileShim } from "./compile-shim.ts";
import { type DaemonKind, daemonCommand } from "./daemon-command.ts";
import {
  createFolder,
  defaultParent,
  removeFolder,
  socketIn,
  sweepFolders,
} from "./daemon-folder.ts";
import { type DaemonProcess, startProcess } from "./daemon-process.ts";
import { EventChannels } from "./event-channels.ts";
import { DOM0_PORT, Hypervisor } from "./hypervisor.ts";
import { Machine } from "./machine.ts";
import { OracleError } from "./oracle-error.ts";
import { exchange } from "./peer.ts";
import { connectSocket } from "./socket-connection.ts";

export interface DaemonOptions {
  readonly kind: DaemonKind;
  /** Options of the daemon itself, after ours. */
  readonly args?: readonly string[];
  /** OCaml: lines of oxenstored.conf that differ from Debian's, for example `{ "quota-maxwatch": "1000" }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** The folder in which the daemon gets its own, fresh one. Default: in memory (/dev/shm) where that is. */
  readonly directory?: string;
  /** Pins the daemon to this CPU. */
  readonly cpu?: number;
  /** How long it may take until it answers. Default 10,000. */
  readonly startTimeoutMs?: number;
}

/** A daemon that runs. */
export interface Daemon extends AsyncDisposable {
  readonly kind: DaemonKind;
  readonly pid: number;
  readonly socketPath: string;
  /** Xen, as this daemon sees it. */
  readonly hypervisor: Hypervisor;
  /** Settles when it has ended, by us or by itself: `"exit 0"`, `"SIGSEGV"`. */
  readonly exited: Promise<string>;
  /** All that it has said so far: standard output and error, syslog, its own log file. Empty once stopped. */
  log(): string;
  /** Ends it and removes its folder. May be called again, and after it ended by itself. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const PROBE_EVERY_MS = 5;

/**
 * Starts a real daemon, unmodified, on a machine of its own, and waits until it answers a request.
 *
 * It is reaped when it ends, and killed by the kernel when this process ends, however that happens. Its event channels
 * are served by our event loop: a process that blocks for long, with guests' rings in use, stops the daemon as well.
 *
 * @throws OracleError `start-failed`, `start-timeout` (both with the daemon's log), `path-too-long`, `shim-not-compiled`.
 */
export const startDaemon = async (options: DaemonOptions): Promise<Daemon> => {
  const shim = await compileShim();
  const parent = options.directory ?? defaultParent();
  const folder = createFolder(parent);
  const cleanUp: (() => Promise<void> | void)[] = [() => removeFolder(folder)];
  const stop = async (): Promise<void> => {
    for (let next = cleanUp.pop(); next !== undefined; next = cleanUp.pop()) await next();
  };

  try {
    await sweepFolders(parent);
    const machine = new Machine(folder);
    cleanUp.push(() => machine.close());
    writeFileSync(join(folder, "xsd_port"), `${DOM0_PORT}`);
    const events = new EventChannels();
    // Makes domain 0, which the daemon looks for at once.
    const hypervisor = new Hypervisor(machine, events);
    cleanUp.push(() => hypervisor.close());

    const { kind, args = [], config = {}, cpu } = options;
    const command = daemonCommand({ kind, folder, args, config });
    const child = await startProcess(folder, shim, command, cpu);
    // The daemon goes before its event channels: it would take their hang-up for a broken system.
    cleanUp.push(() => events.close());
    cleanUp.push(() => child.end());
    // Guests that wait for an answer of a daemon that crashed must not wait for ever.
    child.exited.then(() => hypervisor.close()).catch(() => {});
    events.attach(child.events);

    const socketPath = socketIn(folder);
    await ready(child, socketPath, events, options.startTimeoutMs ?? START_TIMEOUT_MS);
    const { pid, exited, log } = child;
    return { kind, pid, socketPath, hypervisor, exited, log, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Settles when the daemon runs its main loop; rejects when it ends before, or takes too long. */
const ready = async (
  child: DaemonProcess,
  socketPath: string,
  events: EventChannels,
  timeoutMs: number,
): Promise<void> => {
  const over = new AbortController();
  const answers = Promise.all([events.virqBound, probe(socketPath, over.signal)]);
  const ended = child.exited.then((exit) => {
    const log = child.log();
    const message = `start-failed: the daemon ended (${exit}); it said: ${log.trim() || "nothing"}`;
    throw new OracleError("start-failed", message, { exit, log });
  });
  const late = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    const log = child.log();
    const message = `start-timeout: no answer in ${timeoutMs} ms; the daemon said: ${log.trim() || "nothing"}`;
    throw new OracleError("start-timeout", message, { timeoutMs, log });
  });
  // The losers of the race reject later on; nobody waits for them.
  for (const loser of [answers, ended, late]) loser.catch(() => {});
  try {
    await Promise.race([answers, ended, late]);
  } finally {
    over.abort();
  }
};

/** Asks until a request is answered. */
const probe = async (socketPath: string, signal: AbortSignal): Promise<void> => {
  for (;;) {
    try {
      await using connection = await connectSocket(socketPath);
      // A daemon that never answers: the connection must not outlive the wait for it.
      signal.addEventListener("abort", () => void connection.close(), { once: true });
      await exchange(connection, {
        ...{ type: MESSAGE.read, reqId: 0, txId: 0 },
        payload: Buffer.from("/\0", "latin1"),
      });
      return;
    } catch {
      // No socket yet.
    }
    await sleep(PROBE_EVERY_MS, undefined, { signal });
  }
};
