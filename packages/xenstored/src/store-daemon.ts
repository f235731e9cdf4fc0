import type { DomainChange } from "@xenkit/xenmanage";
import { ACCESS, FEATURE } from "@xenkit/xenstore-wire";
import { answer } from "./answer.ts";
import { BackPressure } from "./back-pressure.ts";
import type { Clock } from "./clock.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { type ControlFiles, TraceSwitches } from "./control-log.ts";
import { Counters, type DaemonCounters } from "./counters.ts";
import { DomainLife } from "./domain-life.ts";
import { type DomainUsage, domainUsage } from "./domain-usage.ts";
import { type DomainSource, Domains, SUPPORTED_FEATURES } from "./domains.ts";
import { EventTimeout } from "./event-timeout.ts";
import { Events, INTRODUCE_DOMAIN, RELEASE_DOMAIN } from "./events.ts";
import { type GuestTransports, SILENT_GUESTS } from "./guest-transport.ts";
import { Limits } from "./limits.ts";
import { MemoryUse } from "./memory-use.ts";
import { ANYBODY, DOMID_ANY, type Perms } from "./perms.ts";
import { DEFAULT_QUOTAS, type Quotas } from "./quota.ts";
import type { ConflictRule, Rooms } from "./request.ts";
import { Store } from "./store.ts";
import type { ConnectionSink, StoreConnection } from "./store-connection.ts";
import { Usage } from "./usage.ts";
import { NO_VALUE } from "./value.ts";
import { WatchIndex } from "./watch-index.ts";
import { watchMemory } from "./watch-memory.ts";
import { WriteCredits } from "./write-credits.ts";

/** What a daemon is made of: everything of the outside world comes in here. */
export interface StoreDaemonOptions {
  /** Where the daemon asks for domains. */
  readonly domains: DomainSource;
  /** How guests are reached. Without it they can be introduced, but are never heard. */
  readonly guests?: GuestTransports;
  /** The domain that may do everything, and that sockets act for: 0. */
  readonly controlDomid?: number;
  /** Limits of domains; those not given are the defaults. */
  readonly quotas?: Partial<Quotas>;
  /** Nodes of a domain that ended go to the control domain instead of being removed. Default: false. */
  readonly keepOrphans?: boolean;
  /** A client's requests are not read while more output than this waits for it, in bytes. Default: 64 KiB. */
  readonly pauseAt?: number;
  /** A socket that leaves more than this unread is closed, a guest's events are dropped, in bytes. Default: 4 MiB. */
  readonly eventsUpTo?: number;
  /** Without it events have no time-out, writes no rate limit, and refusals are told once. */
  readonly clock?: Clock;
  /** A guest's events that were not begun after so many milliseconds are dropped; 0: never. Default: 20,000. */
  readonly eventTimeout?: number;
  /** Default: `"answers"`. */
  readonly conflicts?: ConflictRule;
  /** Features beside those of Xen's C daemon. Default: none. */
  readonly reconnection?: "offered";
  /** For CONTROL `logfile` and `memreport FILE`; without it they are refused. */
  readonly files?: ControlFiles;
  /** Takes lines for the log. Default: they are dropped. */
  readonly log?: (line: string) => void;
}

/** How many there are of what a daemon keeps. */
export interface DaemonCounts {
  readonly connections: number;
  /** Special ones included. */
  readonly nodes: number;
  readonly watches: number;
  /** Open. */
  readonly transactions: number;
  /** That a request has named and that have not ended. */
  readonly domains: number;
}

/** A Xenstore daemon without I/O: bytes and domain changes in, bytes out. */
export interface StoreDaemon {
  /** A client on a socket: it acts for the control domain. */
  connect(sink: ConnectionSink): StoreConnection;
  /**
   * Serves a domain that was there before the daemon, as INTRODUCE does but without events.
   *
   * @param port - Of the domain; without it, the one that its page names.
   * @returns Whether it is served.
   */
  adopt(domid: number, port?: number): boolean;
  /** Takes what a tracker found in one drain, in order. */
  follow(changes: readonly DomainChange[]): void;
  /** What a domain uses of its quotas; undefined: no request has named it. */
  usage(domid: number): DomainUsage | undefined;
  /** What each domain that the daemon knows uses. */
  usages(): DomainUsage[];
  /** What was done since the start. */
  readonly counters: DaemonCounters;
  /** How many there are now. */
  readonly counts: DaemonCounts;
}

/** Makes a daemon with an empty store. */
export const createStoreDaemon = (options: StoreDaemonOptions): StoreDaemon => {
  const { controlDomid = 0, log = () => {}, pauseAt = 64 << 10, eventsUpTo = 4 << 20 } = options;
  const { clock, eventTimeout = 20_000 } = options;
  const defaultQuotas: Quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const features =
    SUPPORTED_FEATURES | (options.reconnection === "offered" ? FEATURE.reconnection : 0);
  const domains = new Domains(options.domains, { quotas: defaultQuotas, controlDomid, features });
  const usage = new Usage();
  const counters = new Counters();
  const memory = new MemoryUse(
    (domid) => limits.memoryGrown(domid),
    (domid) => pressure.recheck(domid),
  );
  const trace = new TraceSwitches();
  /** Of something that comes or goes. */
  const traced = (what: string): void => {
    if (trace.traces("obj")) log(`obj: ${what}`);
  };
  const limits = new Limits({ domains, usage, memory, counters, clock, log });
  const credits = new WriteCredits(clock, () => pressure.recheckAll());
  const pressure = new BackPressure({
    domains,
    limits,
    credits,
    usage,
    waits: (domid) => {
      if (trace.traces("wrl")) log(`wrl: domain ${domid} waits for its write rate`);
    },
  });
  const store = startingStore(domains, usage, memory);
  const watches = new WatchIndex<Connection>();
  const connections = new Set<Connection>();
  const timeout = new EventTimeout({ clock, timeout: eventTimeout, connections, counters });
  const overflowed = new Set<Connection>();
  let lastOrder = 0;

  const events = new Events({
    store,
    watches,
    limits,
    counters,
    timeout,
    overflowed: (connection) => {
      if (connection.kind === "socket") overflowed.add(connection);
    },
  });

  const connect = (kind: "socket" | "guest", domid: number, sink: ConnectionSink): Connection => {
    lastOrder += 1;
    const order = lastOrder;
    const privileged = domid === controlDomid;
    const connection = new Connection({
      order,
      kind,
      domid,
      privileged,
      owner,
      sink,
      pauseAt,
      eventsUpTo,
    });
    connections.add(connection);
    counters.connectionsOpened += 1;
    traced(`connection ${order}, ${kind} of domain ${domid}, opened`);
    return connection;
  };

  const life = new DomainLife({
    store,
    domains,
    events,
    usage,
    limits,
    credits,
    guests: options.guests ?? SILENT_GUESTS,
    connect: (domid) => connect("guest", domid, { output: () => {}, closed: () => {} }),
    keepOrphans: options.keepOrphans ?? false,
  });
  const rooms: Rooms = {
    store,
    watches,
    events,
    domains,
    life,
    defaultQuotas,
    usage,
    limits,
    memory,
    counters,
    pressure,
    credits,
    transactions: { open: 0 },
    conflicts: options.conflicts ?? "answers",
    trace,
    traced,
    files: options.files,
    log,
  };

  /** Closed when the request is over: events are still being told. */
  const closeOverflowed = (): void => {
    for (const connection of overflowed) connection.close("overflow");
    overflowed.clear();
  };

  const owner: ConnectionOwner = {
    answer: (connection, message) => {
      answer(rooms, connection, message);
      if (overflowed.size > 0) closeOverflowed();
    },
    holds: (connection) => pressure.holds(connection),
    pending: pressure,
    unwatched: (watch) => {
      watches.remove(watch);
      if (trace.enabled) traced(`connection ${watch.watcher.order}: watch ${watch.path} removed`);
      memory.charge(watch.watcher.domid, -watchMemory(watch));
    },
    dropped: (connection) => {
      connections.delete(connection);
      pressure.forget(connection);
      counters.connectionsClosed += 1;
      traced(`connection ${connection.order} closed`);
    },
  };

  return {
    connect: (sink) => connect("socket", controlDomid, sink),
    adopt: (domid, port) => life.adopt(domid, port),
    follow: (changes) => {
      life.follow(changes);
      closeOverflowed();
    },
    usage: (domid) => domainUsage(rooms, domid),
    usages: () => [...domains].flatMap(({ domid }) => domainUsage(rooms, domid) ?? []),
    counters,
    get counts() {
      return {
        connections: connections.size,
        nodes: store.size,
        watches: watches.size,
        transactions: rooms.transactions.open,
        domains: domains.size,
      };
    },
  };
};

/** `/`, `/tool`, `/tool/xenstored` and the special nodes, all of the control domain's. */
const startingStore = (domains: Domains, usage: Usage, memory: MemoryUse): Store => {
  const { control, controlDomid } = domains;
  const perms: Perms = [{ access: ACCESS.none, domid: controlDomid, grantee: control }];
  const everybody = { access: ACCESS.read, domid: DOMID_ANY, grantee: ANYBODY };
  const store = new Store(
    perms,
    (domid, count) => {
      if (domid !== controlDomid) usage.note(domid, "nodes", count);
    },
    memory,
  );
  store.create("/tool", NO_VALUE, perms);
  store.create("/tool/xenstored", NO_VALUE, perms);
  store.createSpecial(RELEASE_DOMAIN, [...perms, everybody]);
  store.createSpecial(INTRODUCE_DOMAIN, perms);
  return store;
};
