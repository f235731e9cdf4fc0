import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonCommand } from "./daemon-command.ts";
import { OracleError } from "./oracle-error.ts";

/** How long a daemon may take for its own good end. */
const TERMINATE_MS = 200;
/** Where the child finds the socket of its event channels. */
const EVENTS_FD = 3;

export interface DaemonProcess {
  readonly pid: number;
  /** The socket of `shim/event-channels.c`. */
  readonly events: Duplex;
  /** Settles when it has ended and is reaped: `"exit 0"`, `"SIGSEGV"`. */
  readonly exited: Promise<string>;
  log(): string;
  /** Ends it, if need be by force. */
  end(): Promise<void>;
}

/**
 * @param directory - The daemon's own folder; becomes its working directory.
 * @param shim - The compiled preload library.
 * @param cpu - The CPU to pin it to.
 * @throws OracleError `start-failed` when there is no such program.
 */
export const startProcess = async (
  directory: string,
  shim: string,
  command: DaemonCommand,
  cpu: number | undefined,
): Promise<DaemonProcess> => {
  for (const [name, text] of Object.entries(command.files))
    writeFileSync(join(directory, name), text);
  // LD_PRELOAD splits at blanks and colons: the path of the checkout must not stand in it.
  symlinkSync(shim, join(directory, "shim.so"));
  const [program, ...args] =
    cpu === undefined
      ? [command.program, ...command.args]
      : ["taskset", "--cpu-list", `${cpu}`, command.program, ...command.args];

  const log = openSync(join(directory, "log"), "a");
  try {
    const child = spawn(program, args, {
      cwd: directory,
      // Nothing else of our environment: XENSTORED_PATH would move its socket.
      env: {
        ...command.env,
        PATH: process.env["PATH"],
        LD_PRELOAD: "./shim.so",
        XENKIT_ORACLE_DIRECTORY: directory,
        XENKIT_ORACLE_EVENTS: `${EVENTS_FD}`,
        XENKIT_ORACLE_STARTER: `${process.pid}`,
      },
      stdio: ["ignore", log, log, "pipe"],
    });
    const exited = exitOf(child);
    await spawned(child);
    return {
      pid: child.pid as number,
      events: child.stdio[EVENTS_FD] as Duplex,
      exited,
      log: () => ["log", ...command.logs].map((name) => textOf(join(directory, name))).join(""),
      end: () => end(child, exited),
    };
  } finally {
    closeSync(log);
  }
};

const spawned = async (child: ChildProcess): Promise<void> => {
  try {
    await once(child, "spawn");
  } catch (error) {
    throw notSpawned(error);
  }
};

const notSpawned = (cause: unknown): OracleError => {
  const exit = cause instanceof Error ? cause.message : String(cause);
  return new OracleError("start-failed", `start-failed: ${exit}`, { exit, log: "" }, { cause });
};

const exitOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit ${code}`));
  });

const end = async (child: ChildProcess, exited: Promise<string>): Promise<void> => {
  child.kill("SIGTERM");
  const timeout = new AbortController();
  const patience = sleep(TERMINATE_MS, "late", { signal: timeout.signal }).catch(() => "");
  if ((await Promise.race([exited, patience])) === "late") child.kill("SIGKILL");
  await exited;
  timeout.abort();
};

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
