import type { DomainChange } from "@xenkit/xenmanage";
import { ACCESS } from "@xenkit/xenstore-wire";
import { answer } from "./answer.ts";
import { Connection, type ConnectionOwner, type ConnectionSink } from "./connection.ts";
import { DomainLife } from "./domain-life.ts";
import { type DomainSource, Domains } from "./domains.ts";
import { Events, INTRODUCE_DOMAIN, RELEASE_DOMAIN } from "./events.ts";
import { type GuestTransports, SILENT_GUESTS } from "./guest-transport.ts";
import { ANYBODY, DOMID_ANY, type Perms } from "./perms.ts";
import { DEFAULT_QUOTAS, type Quotas } from "./quota.ts";
import type { Rooms } from "./request.ts";
import { Store } from "./store.ts";
import { Usage } from "./usage.ts";
import { NO_VALUE } from "./value.ts";
import { WatchIndex } from "./watch-index.ts";

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
  /** Takes lines for the log. Default: they are dropped. */
  readonly log?: (line: string) => void;
}

/** A Xenstore daemon without I/O: bytes and domain changes in, bytes out. */
export interface StoreDaemon {
  /** A client on a socket: it acts for the control domain. */
  connect(sink: ConnectionSink): Connection;
  /**
   * Serves a domain that was there before the daemon, as INTRODUCE does but without events.
   *
   * @param port - Of the domain; without it, the one that its page names.
   * @returns Whether it is served.
   */
  adopt(domid: number, port?: number): boolean;
  /** Takes what a tracker found in one drain, in order. */
  follow(changes: readonly DomainChange[]): void;
  /** How many connections, watches, nodes there are. */
  readonly counts: { readonly connections: number; readonly nodes: number };
}

/** Makes a daemon with an empty store. */
export const createStoreDaemon = (options: StoreDaemonOptions): StoreDaemon => {
  const { controlDomid = 0, log = () => {}, pauseAt = 64 << 10, eventsUpTo = 4 << 20 } = options;
  const defaultQuotas: Quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const domains = new Domains(options.domains, defaultQuotas, controlDomid);
  const usage = new Usage();
  const store = startingStore(domains, usage);
  const watches = new WatchIndex<Connection>();
  const connections = new Set<Connection>();
  const overflowed = new Set<Connection>();
  let lastOrder = 0;

  const events = new Events({
    store,
    watches,
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
    return connection;
  };

  const life = new DomainLife({
    store,
    domains,
    events,
    usage,
    guests: options.guests ?? SILENT_GUESTS,
    connect: (domid) => connect("guest", domid, { output: () => {}, closed: () => {} }),
    keepOrphans: options.keepOrphans ?? false,
  });
  const rooms: Rooms = { store, watches, events, domains, life, defaultQuotas, usage, log };

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
    unwatched: (watch) => watches.remove(watch),
    dropped: (connection) => {
      connections.delete(connection);
    },
  };

  return {
    connect: (sink) => connect("socket", controlDomid, sink),
    adopt: (domid, port) => life.adopt(domid, port),
    follow: (changes) => {
      life.follow(changes);
      closeOverflowed();
    },
    get counts() {
      return { connections: connections.size, nodes: store.size };
    },
  };
};

/** `/`, `/tool`, `/tool/xenstored` and the special nodes, all of the control domain's. */
const startingStore = (domains: Domains, usage: Usage): Store => {
  const grantee = domains.get(domains.controlDomid);
  const perms: Perms = [{ access: ACCESS.none, domid: domains.controlDomid, grantee }];
  const everybody = { access: ACCESS.read, domid: DOMID_ANY, grantee: ANYBODY };
  const store = new Store(perms, (domid, count) => {
    if (domid !== domains.controlDomid) usage.note(domid, "nodes", count);
  });
  store.create("/tool", NO_VALUE, perms);
  store.create("/tool/xenstored", NO_VALUE, perms);
  store.createSpecial(RELEASE_DOMAIN, [...perms, everybody]);
  store.createSpecial(INTRODUCE_DOMAIN, perms);
  return store;
};
