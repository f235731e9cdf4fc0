import { Reports, type Truth } from "@xenkit/explore";
import { type DomainChange, DomainTracker, openXenmanage } from "@xenkit/xenmanage";
import { bytesOf, encodeMessage, MESSAGE } from "@xenkit/xenstore-wire";
import {
  createStoreDaemon,
  DEFAULT_QUOTAS,
  type DomainSource,
  QUOTA_NAMES,
  type Quotas,
  type StoreDaemon,
  type StoreDaemonOptions,
  trackedDomains,
} from "@xenkit/xenstored";
import { Broken } from "./broken.ts";
import { follow } from "./model-life.ts";
import type { Change } from "./model-types.ts";
import { anyRequest } from "./request-mix.ts";
import { Rings } from "./rings.ts";
import { Session } from "./session.ts";
import { SocketLink } from "./socket-link.ts";
import { StoreModel } from "./store-model.ts";
import { Toolstack } from "./toolstack.ts";
import type { World } from "./world.ts";

/** What guests may have: so little that they run into everything. */
export const QUOTAS: Quotas = {
  ...DEFAULT_QUOTAS,
  nodes: 5,
  watches: 3,
  outstanding: 5,
  transactions: 2,
  "transaction-nodes": 14,
  "node-permissions": 4,
  "path-max": 40,
  "node-size": 160,
};
/** Milliseconds after which an event that was not begun is dropped. */
export const EVENT_TIMEOUT = 400;
const SOCKETS = 3;
const DOM0 = { domid: 0, privileged: true } as const;

/** What the tracker makes its hypercalls with, and who is told that what it reports cannot be. */
export interface Dom0Options {
  readonly hypercall: (op: number, buffer: Uint8Array) => number;
  readonly onError: (error: unknown) => void;
  readonly truth: Truth;
  /** Bugs, to see that they are found: whether the daemon is told of a change, what it is made with. */
  readonly isTold: (change: DomainChange, daemon: StoreDaemon) => boolean;
  readonly daemon: Partial<StoreDaemonOptions>;
}

/** The tracker, the daemon and its clients: killed and started again at times. */
export class Dom0 {
  readonly rings: Rings;
  readonly toolstack: Toolstack;
  reports: Reports = new Reports();
  tracker!: DomainTracker;
  daemon!: StoreDaemon;
  model!: StoreModel;
  /** The last is the toolstack's. */
  sockets: SocketLink[] = [];
  /** Domids of domains that ended since somebody looked. */
  ended: Map<number, bigint> = new Map();
  /** Domids of domains that the daemon has met since somebody looked. */
  readonly met: Set<number> = new Set();
  /** By domid: the last that ended. */
  readonly lastEnded: Map<number, bigint> = new Map();
  /** By quota, of the daemon that runs: how many were counted. */
  readonly #refusals = new Map<string, number>();
  readonly #world: World;
  readonly #options: Dom0Options;

  constructor(world: World, options: Dom0Options) {
    this.#world = world;
    this.#options = options;
    this.rings = new Rings(world);
    this.toolstack = new Toolstack(world, this.rings);
  }

  /** All sessions that the daemon has. */
  *sessions(): Generator<Session> {
    for (const { session } of this.sockets) if (session !== undefined) yield session;
    for (const { session } of this.rings.served) if (session !== undefined) yield session;
  }

  start(): void {
    const world = this.#world;
    const { hypercall, truth, isTold, onError } = this.#options;
    const { host, history, clock } = world;
    this.reports = new Reports();
    const { reports } = this;
    const tracker = new DomainTracker({
      manage: openXenmanage({ hypercall }),
      events: host.eventChannels(0),
      onError,
    });
    this.tracker = tracker;
    this.model = new StoreModel({
      quotas: QUOTAS,
      fired: (change) => this.#fired(change),
      kept: (domid) => this.#kept(domid),
    });
    tracker.onChange((change) => {
      history.count(`told ${change.kind}`);
      history.note(`told ${change.kind}`, change.domain.domid);
      const broken = reports.hear(change, truth);
      if (broken !== undefined) throw new Broken(`${broken.property}: ${broken.seen}`);
    });
    this.daemon = createStoreDaemon({
      domains: this.#heard(trackedDomains(tracker)),
      guests: this.rings.transports,
      quotas: QUOTAS,
      clock,
      eventTimeout: EVENT_TIMEOUT,
      reconnection: "offered",
      pauseAt: 1000,
      eventsUpTo: 1900,
      log: (line) => this.#logged(line),
      ...this.#options.daemon,
    });
    world.spared = 0;
    this.#refusals.clear();
    tracker.onChanges((changes) => {
      this.daemon.follow(changes.filter((change) => isTold(change, this.daemon)));
      this.#follow(changes);
    });
    this.#prepare();
    this.sockets = [];
    for (let at = 0; at <= SOCKETS; at += 1) this.connect(at);
    tracker.start();
  }

  /** Serves the guests that are there, as a daemon does that was started anew. */
  adopt(): void {
    const { history, model } = this.#world;
    for (const [domid, guest] of this.rings.guests) {
      if (!guest.isRunning || !this.daemon.adopt(domid, guest.link.port)) continue;
      const domain = model.domains.get(domid);
      if (domain === undefined) throw new Broken(`domain ${domid} was adopted unseen`);
      domain.introduced = true;
      history.count("guests adopted");
    }
  }

  /** The process is gone, in the middle of whatever is under way. */
  kill(): void {
    this.tracker.stop();
    for (const socket of this.sockets) socket.cut();
    this.rings.killed();
    this.#world.clock.forget();
  }

  /** A new client in the place of one. */
  connect(at: number): void {
    const link = new SocketLink(this.#world, this.daemon);
    const mix = at === SOCKETS ? this.toolstack.request : anyRequest;
    if (at === SOCKETS) this.toolstack.forget();
    link.session = new Session(this.#world, DOM0, link, mix);
    this.sockets[at] = link;
  }

  /** One request of dom0, answered at once. */
  ask(type: number, payload: string): { readonly type: number; readonly payload: Uint8Array } {
    const connection = this.daemon.connect({ output: () => {}, closed: () => {} });
    connection.receive(encodeMessage({ type, reqId: 0, txId: 0, payload: bytesOf(payload) }));
    const bytes = connection.output.take();
    connection.close();
    return { type: bytes[0] ?? 0, payload: bytes.subarray(16) };
  }

  /** What all clients find; then each answer is logged, as it is made. */
  #prepare(): void {
    const { model } = this;
    const judging = { caller: DOM0, told: "OK" };
    for (const [path, value] of [
      ["/t", ""],
      ["/t/big", "big".repeat(500)],
    ] as const) {
      this.ask(MESSAGE.write, `${path}\0${value}`);
      model.apply({ kind: "write", path, value }, judging);
    }
    this.ask(MESSAGE.setPerms, "/t\0b0\0");
    model.apply({ kind: "setPerms", path: "/t", value: "b0" }, judging);
    this.ask(MESSAGE.control, "log\0on\0");
  }

  #logged(line: string): void {
    const { speaker } = this.#world;
    if (line.startsWith("io: ")) speaker?.answered(line.slice(line.lastIndexOf(" ") + 1));
  }

  /** Since the last time. */
  countRefusals(): void {
    const { refusals } = this.daemon.counters;
    for (const quota of QUOTA_NAMES) {
      const more = refusals[quota] - (this.#refusals.get(quota) ?? 0);
      if (more > 0) this.#world.history.count(`refused by quota: ${quota}`, more);
      this.#refusals.set(quota, refusals[quota]);
    }
  }

  /** The daemon has a record of every domain that it was told of when it asked. */
  #heard(source: DomainSource): DomainSource {
    return {
      getDomainInfo: (domid) => {
        const info = source.getDomainInfo(domid);
        if (info === undefined) return undefined;
        if (!this.model.domains.has(domid)) {
          this.model.meet(domid, info.uniqueId);
          this.met.add(domid);
        }
        return info;
      },
    };
  }

  #follow(changes: readonly DomainChange[]): void {
    const { speaker } = this.#world;
    const { next } = speaker ?? {};
    if (next?.type === MESSAGE.resume) {
      const domid = Number.parseInt(next.payload, 10);
      const domain = this.model.domains.get(domid);
      if (domain !== undefined) domain.shutdownSeen = false;
      this.toolstack.changedInResume = domid;
    }
    follow(this.model, changes, ({ domid, id }) => this.#end(domid, id));
  }

  #end(domid: number, id: bigint): void {
    this.ended.set(domid, id);
    this.lastEnded.set(domid, id);
  }

  #fired(change: Change): void {
    for (const session of this.sessions()) session.change(change);
  }

  /** Copies of transactions and what waits to be sent: only the daemon knows how much that is. */
  #kept(domid: number): { least: number; most: number } {
    for (const { domid: served, session, connection } of this.rings.served) {
      if (served !== domid || session === undefined) continue;
      const least = session.ledger.memory;
      const isOpen = session.transactions.length > 0;
      const waiting = connection?.output.length ?? 0;
      return { least, most: isOpen ? Number.POSITIVE_INFINITY : least + waiting };
    }
    return { least: 0, most: 0 };
  }
}
