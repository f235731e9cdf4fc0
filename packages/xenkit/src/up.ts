import { setImmediate } from "node:timers/promises";
import { createHost, type Host } from "@xenkit/host";
import { listen } from "@xenkit/host/node";
import { systemClock } from "@xenkit/xenstored/node";
import { claimDirectory } from "./claim-directory.ts";
import { CREATE_MAX, type HostAnswer } from "./control-protocol.ts";
import { DEMO_GUESTS, demoHints } from "./demo.ts";
import type { HostDirectory } from "./directory.ts";
import { type LogLevel, openLog } from "./log.ts";
import { storeMetrics } from "./metrics.ts";
import { creationProgress } from "./progress.ts";
import { serveHost } from "./serve-host.ts";
import { serving } from "./serving.ts";
import { storeWebSocket, type WebSocketFlags } from "./store-websocket.ts";
import { type Terminal, untilEnded } from "./terminal.ts";
import { version } from "./version.ts";

/** What `up` was told. */
export interface UpOptions extends WebSocketFlags {
  /** Guests to create at the start; none if missing. */
  readonly domains?: number;
  readonly uniqueIds: "sequence" | "xorshift";
  readonly release: "4.21" | "4.22";
  /** Creates a few guests, and tells what to try. */
  readonly demo?: true;
  readonly logLevel: LogLevel;
}

/**
 * Runs a host until the terminal ends. Prints one line, `ready {json}`, when its sockets answer.
 *
 * @throws XenkitError already-running, path-too-long, unsafe-path, cannot-serve.
 */
export const up = async (
  directory: HostDirectory,
  options: UpOptions,
  terminal: Terminal,
): Promise<void> => {
  const { logger: log, files } = openLog(options.logLevel);
  const onError = (error: unknown): void => log.error(error);
  // Disposed in the opposite order: the readers and the sockets go first, the directory last.
  using claimed = await claimDirectory(directory);
  const { release, uniqueIds } = options;
  await using host = await createHost({
    release,
    uniqueIds,
    clock,
    onError,
    store: { clock: systemClock, files, log: (line) => log.warn(line) },
  });
  await using _xenstored = await serving(claimed.xenstored, listen(host, claimed.xenstored));
  await using websocket = await storeWebSocket(host, options);
  using metrics = storeMetrics(host.store.daemon);
  const description: HostAnswer = {
    pid: process.pid,
    version,
    directory: claimed.directory,
    release,
    uniqueIds,
    xenstored: claimed.xenstored,
    control: claimed.control,
    websocket: websocket?.url ?? null,
  };
  await using _control = await serveHost(host, { description, metrics, logger: log });
  await createGuests(host, options, terminal);
  if (terminal.ended.aborted) return;

  const { directory: dir, ...rest } = description;
  const domains = host.domains().length;
  terminal.print(`ready ${JSON.stringify({ ...rest, dir, domains })}`);
  if (options.demo === true)
    for (const line of demoHints(description, directory)) terminal.tell(line);
  log.info({ ...description, websocket: websocket?.base }, "ready");
  await untilEnded(terminal);
  log.info("stopping");
};

/** Creates the first guests; lets signals and clients in from time to time. */
const createGuests = async (
  host: Host,
  { domains, demo }: UpOptions,
  terminal: Terminal,
): Promise<void> => {
  const names = demo === true ? DEMO_GUESTS : [];
  const count = domains ?? names.length;
  const progress = creationProgress(count, terminal);
  for (let made = 0; made < count && !terminal.ended.aborted; made += 1) {
    if (made % CREATE_MAX === 0) await setImmediate();
    progress.at(made);
    await host.createGuest({ name: names[made] });
  }
  progress.end();
};

/** Where a chain of xorshift ids begins: different in each run, as on a real host. */
const clock = (): bigint => process.hrtime.bigint();
