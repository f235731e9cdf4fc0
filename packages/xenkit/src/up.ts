import { setImmediate } from "node:timers/promises";
import { createHost, type Host } from "@xenkit/host";
import { listen } from "@xenkit/host/node";
import { systemClock } from "@xenkit/xenstored/node";
import { createChangeFeed } from "./change-feed.ts";
import { controlApp } from "./control-app.ts";
import { CREATE_MAX, type HostAnswer } from "./control-protocol.ts";
import { serveControl } from "./control-server.ts";
import { DEMO_GUESTS, demoHints } from "./demo.ts";
import { type HostDirectory, makeDirectory } from "./directory.ts";
import { lockDirectory } from "./directory-lock.ts";
import { changeAnswer } from "./domain-answer.ts";
import { type LogLevel, openLog } from "./log.ts";
import { storeMetrics } from "./metrics.ts";
import { creationProgress } from "./progress.ts";
import { removeSockets, socketPaths } from "./sockets.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";
import { cannotServe } from "./xenkit-error.ts";

/** What `up` was told. */
export interface UpOptions {
  /** Guests to create at the start; none if missing. */
  readonly domains?: number;
  readonly uniqueIds: "sequence" | "xorshift";
  readonly release: "4.21" | "4.22";
  /** Creates a few guests, and tells what to try. */
  readonly demo?: true;
  readonly logLevel: LogLevel;
}

/**
 * Runs a host until the terminal ends. Prints one line, `ready {json}`, when both sockets answer.
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
  const paths = socketPaths(directory.path);
  // Nobody else may connect: whoever can is privileged.
  process.umask(0o077);
  makeDirectory(directory, process.getuid?.());

  // Disposed in the opposite order: the readers and the sockets go first, the lock last.
  using _lock = await lockDirectory(directory.path);
  removeSockets(paths);
  const { release, uniqueIds } = options;
  await using host = await createHost({
    release,
    uniqueIds,
    clock,
    onError,
    store: { clock: systemClock, files, log: (line) => log.warn(line) },
  });
  await using _xenstored = await serving(paths.xenstored, listen(host, paths.xenstored));
  const feed = createChangeFeed();
  host.onChange((change, name) => {
    log.info({ kind: change.kind, domid: change.domain.domid, name }, "domain changed");
    feed.publish(changeAnswer(change, name, new Date()));
  });
  const description: HostAnswer = {
    pid: process.pid,
    version,
    directory: directory.path,
    release,
    uniqueIds,
    ...paths,
  };
  const { daemon } = host.store;
  const { counters, usages } = daemon;
  using metrics = storeMetrics({ counters, usages, counts: () => daemon.counts });
  const app = controlApp({ host, description, feed, metrics, onError });
  await using _control = await serving(paths.control, serveControl(app, paths.control));
  using _readers = feed;
  await createGuests(host, options, terminal);
  if (terminal.ended.aborted) return;

  const { directory: dir, ...rest } = description;
  const domains = host.domains().length;
  terminal.print(`ready ${JSON.stringify({ ...rest, dir, domains })}`);
  if (options.demo === true)
    for (const line of demoHints(description, directory)) terminal.tell(line);
  log.info(description, "ready");
  await ended(terminal.ended);
  log.info("stopping");
};

/** What the system refuses is the user's to see, not ours to crash of. */
const serving = <T>(path: string, server: Promise<T>): Promise<T> =>
  server.catch((cause: unknown) => {
    throw cannotServe(path, `cannot serve ${path}`, cause);
  });

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

/** Settles at the signal; meanwhile the open sockets keep the process. */
const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
