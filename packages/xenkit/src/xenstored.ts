import { chmodSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { createHost } from "@xenkit/host";
import type { ConflictRule, Quotas } from "@xenkit/xenstored";
import { type Engine, serveUnix, systemClock } from "@xenkit/xenstored/node";
import { claimDirectory } from "./claim-directory.ts";
import type { HostDirectory } from "./directory.ts";
import { type LogLevel, openLog } from "./log.ts";
import { storeMetrics } from "./metrics.ts";
import { serveHost } from "./serve-host.ts";
import { serveMetrics } from "./serve-metrics.ts";
import { serving } from "./serving.ts";
import { storeWebSocket, type WebSocketFlags } from "./store-websocket.ts";
import { type Terminal, untilEnded } from "./terminal.ts";
import { version } from "./version.ts";
import { cannotServe } from "./xenkit-error.ts";

/** What its emulated host is. */
const RELEASE = "4.22";
const UNIQUE_IDS = "sequence";

/** What `xenstored` was told. */
export interface XenstoredOptions extends WebSocketFlags {
  /** Default: in the directory; one of both is there. */
  readonly socket?: string;
  /** Where the control protocol is served; without it, nowhere. */
  readonly directory?: HostDirectory;
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
 * `ready {json}`, when all that it serves answers.
 *
 * @throws XenkitError already-running, path-too-long, unsafe-path, cannot-serve.
 */
export const xenstored = async (options: XenstoredOptions, terminal: Terminal): Promise<void> => {
  const { directory, domains = 0, conflicts, io, keepOrphans = false, quota = {} } = options;
  const { logger, files, reopen } = openLog(options.logLevel);
  using _hangUp = onHangUp(reopen);
  using claimed = directory === undefined ? undefined : await claimDirectory(directory);
  const socket = options.socket ?? claimed?.xenstored;
  if (socket === undefined) throw new TypeError("neither a socket nor a directory");
  await using host = await createHost({
    release: RELEASE,
    uniqueIds: UNIQUE_IDS,
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
  await using websocket = await storeWebSocket(host, options);
  using metrics = storeMetrics(daemon);
  const { metricsPort } = options;
  await using metricsServer =
    metricsPort === undefined
      ? undefined
      : await serving(`port ${metricsPort}`, serveMetrics(metrics, metricsPort));
  await using _control =
    claimed === undefined
      ? undefined
      : await serveHost(host, {
          description: {
            pid: process.pid,
            version,
            directory: claimed.directory,
            release: RELEASE,
            uniqueIds: UNIQUE_IDS,
            xenstored: resolve(socket),
            control: claimed.control,
            websocket: websocket?.url ?? null,
          },
          metrics,
          logger,
        });
  await using _pid = pidFile(options.pidFile);
  const ready = {
    pid: process.pid,
    socket,
    dir: claimed?.directory,
    control: claimed?.control,
    websocket: websocket?.url,
    io: server.io,
    domains,
    metricsPort: metricsServer?.port,
  };
  terminal.print(`ready ${JSON.stringify(ready)}`);
  logger.info({ ...ready, websocket: websocket?.base }, "ready");
  await untilEnded(terminal);
  logger.info("stopping");
};

/** SIGHUP opens the log anew, as with Xen's daemons, and does not end this one. */
const onHangUp = (reopen: () => void): Disposable => {
  process.on("SIGHUP", reopen);
  return { [Symbol.dispose]: () => process.off("SIGHUP", reopen) };
};

/** Holds the process's number while the daemon runs. */
const pidFile = (path: string | undefined): AsyncDisposable => {
  if (path !== undefined) {
    try {
      writeFileSync(path, `${process.pid}\n`);
      // Everybody may know it, whatever is the rule for sockets.
      chmodSync(path, 0o644);
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
