import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createHost } from "@xenkit/host";
import { type ConflictRule, isXenstoredError, type Quotas } from "@xenkit/xenstored";
import { type Engine, serveUnix, systemClock } from "@xenkit/xenstored/node";
import { type LogLevel, openLog } from "./log.ts";
import { storeMetrics } from "./metrics.ts";
import { serveMetrics } from "./serve-metrics.ts";
import type { Terminal } from "./terminal.ts";
import { cannotServe } from "./xenkit-error.ts";

/** What `xenstored` was told. */
export interface XenstoredOptions {
  readonly socket: string;
  readonly pidFile?: string;
  /** Guests of the host below; none if missing. */
  readonly domains?: number;
  readonly conflicts: ConflictRule;
  readonly io: "auto" | Engine;
  readonly keepOrphans?: true;
  readonly quota?: Partial<Quotas>;
  /** In seconds. */
  readonly eventTimeout: number;
  readonly metricsPort?: number;
  readonly logLevel: LogLevel;
}

/**
 * Runs a Xenstore daemon alone, over a small emulated host of its own, until the terminal ends. Prints one line,
 * `ready {json}`, when its socket answers.
 *
 * @throws XenkitError cannot-serve.
 */
export const xenstored = async (options: XenstoredOptions, terminal: Terminal): Promise<void> => {
  const { socket, domains = 0, conflicts, io, keepOrphans = false, quota = {} } = options;
  const { logger, files } = openLog(options.logLevel);
  await using host = await createHost({
    domains,
    onError: (error) => logger.error(error),
    store: {
      clock: systemClock,
      conflicts,
      keepOrphans,
      quotas: quota,
      eventTimeout: options.eventTimeout * 1000,
      files,
      log: (line) => logger.warn(line),
    },
  });
  const { daemon } = host.store;
  await using server = await serving(socket, serveUnix(daemon, socket, { io }));
  const { counters, usages } = daemon;
  using metrics = storeMetrics({ counters, usages, counts: () => daemon.counts });
  const { metricsPort } = options;
  await using metricsServer =
    metricsPort === undefined
      ? undefined
      : await serving(`port ${metricsPort}`, serveMetrics(metrics, metricsPort));
  await using _pid = pidFile(options.pidFile);
  const ready = {
    pid: process.pid,
    socket,
    io: server.io,
    domains,
    metricsPort: metricsServer?.port,
  };
  terminal.print(`ready ${JSON.stringify(ready)}`);
  logger.info(ready, "ready");
  await ended(terminal.ended);
  logger.info("stopping");
};

/** What the system refuses is the user's to see, not ours to crash of. */
const serving = <T>(what: string, server: Promise<T>): Promise<T> =>
  server.catch((cause: unknown) => {
    throw isXenstoredError(cause)
      ? cannotServe(what, "cannot serve", cause)
      : cannotServe(what, `cannot serve ${what}`, cause);
  });

/** Holds the process's number while the daemon runs. */
const pidFile = (path: string | undefined): AsyncDisposable => {
  if (path !== undefined) {
    try {
      writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
    } catch (cause) {
      throw cannotServe(path, `cannot write ${path}`, cause);
    }
  }
  return {
    [Symbol.asyncDispose]: async () => {
      if (path !== undefined) await rm(path, { force: true });
    },
  };
};

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    // The socket keeps the process, but a host without one would end.
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
