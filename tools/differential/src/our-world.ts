import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectSocket } from "@xenkit/oracle";
import { RecordedXen, RingClient } from "@xenkit/store-replay";
import { FrameReader, MESSAGE, type Message } from "@xenkit/xenstore-wire";
import {
  createStoreDaemon,
  followTracker,
  ringGuests,
  type StoreDaemon,
  trackedDomains,
} from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";
import { socketLink } from "./oracle-world.ts";
import type { Reference } from "./reference.ts";
import { GUEST_PORT, type Link, type MakeWorld, TIGHT_LIMITS, type World } from "./world.ts";

/** Our daemon in this process, made as like the other one as it can be; its socket clients, too, are function calls. */
export const ourWorld =
  (like: Reference): MakeWorld =>
  async ({ tight }) => {
    const machine = new Machine(like, tight);
    return {
      ...machine.world(),
      connect: async () => machine.connect(),
      [Symbol.asyncDispose]: async () => {},
    };
  };

/** As {@link ourWorld}, on a real socket. */
export const ourSocketWorld =
  (like: Reference): MakeWorld =>
  async ({ tight }) => {
    const machine = new Machine(like, tight);
    const folder = await mkdtemp(join(tmpdir(), "xenkit-differential-"));
    const server = await serveUnix(machine.daemon, join(folder, "socket"));
    return {
      ...machine.world(),
      connect: async () => socketLink(await connectSocket(server.path)),
      [Symbol.asyncDispose]: async () => {
        await server.close();
        await rm(folder, { recursive: true });
      },
    };
  };

/** In 4.17 a node's size counts 24 bytes beside its content, since then 16. */
const OLD_NODE_SIZE = 8;

/** Conflicts are judged by what was touched, or by answers. */
const CONFLICTS = { c: "strict", ocaml: "answers" } as const;

/** Limits of 4.17 where ours are others. */
const DEFAULTS = {
  c: { watches: 129, transactions: 11, "node-size": 2048 - OLD_NODE_SIZE },
  ocaml: {},
} as const;
const TIGHT = {
  c: { ...TIGHT_LIMITS, "node-size": TIGHT_LIMITS["node-size"] - OLD_NODE_SIZE },
  ocaml: TIGHT_LIMITS,
} as const;

/** The state of a domain, as a recording would tell it. */
interface Domain {
  readonly uniqueId: number;
  readonly shutdown: boolean;
}

class Machine {
  readonly daemon: StoreDaemon;
  readonly #xen = new RecordedXen();
  readonly #deferred: (() => void)[] = [];
  readonly #domains = new Map<number, Domain>();
  #lastUniqueId = 1;

  constructor(like: Reference, tight: boolean) {
    const { tracker } = this.#xen;
    const rings = this.#xen.rings((task) => this.#deferred.push(task));
    this.daemon = createStoreDaemon({
      domains: trackedDomains(tracker),
      guests: ringGuests({
        ...rings,
        bind: (domid, port, onEvent) =>
          port === GUEST_PORT ? rings.bind(domid, port, onEvent) : undefined,
      }),
      conflicts: CONFLICTS[like],
      quotas: tight ? TIGHT[like] : DEFAULTS[like],
    });
    followTracker(this.daemon, tracker);
    this.daemon.adopt(0, 1);
  }

  world(): Omit<World, "connect" | typeof Symbol.asyncDispose> {
    return {
      hasDomains: true,
      guest: (domid) => this.#guest(domid),
      create: (domid) => {
        this.#lastUniqueId += 1;
        const uniqueId = this.#lastUniqueId;
        this.#domains.set(domid, { uniqueId, shutdown: false });
        this.#xen.play({ action: "create", domid, state: ["exist"], unique_id: uniqueId });
        this.#xen.play({ action: "virq" });
      },
      shutDown: (domid) => this.#change(domid, "shutdown"),
      die: (domid) => this.#change(domid, "dead"),
      destroy: (domid) => {
        this.#domains.delete(domid);
        this.#xen.play({ action: "gone", domid });
        this.#xen.play({ action: "virq" });
      },
    };
  }

  connect(): Link {
    let closed = false;
    const connection = this.daemon.connect({
      output: () => {},
      closed: () => {
        closed = true;
      },
    });
    const reader = new FrameReader();
    return {
      send: (bytes) => connection.receive(bytes),
      collect: async (replies) => {
        this.#settle();
        const messages = messagesOf(reader, connection.output.take());
        return { messages, end: closed ? "closed" : enough(messages, replies) };
      },
      close: () => connection.close(),
    };
  }

  #change(domid: number, flag: "shutdown" | "dead"): void {
    const domain = this.#domains.get(domid);
    if (domain === undefined) return;
    const shutdown = domain.shutdown || flag === "shutdown";
    this.#domains.set(domid, { ...domain, shutdown });
    const state = ["exist" as const, ...(shutdown ? ["shutdown" as const] : [])];
    this.#xen.play({
      action: flag,
      domid,
      state: flag === "dead" ? [...state, "dying", "dead"] : state,
      unique_id: domain.uniqueId,
    });
    this.#xen.play({ action: "virq" });
  }

  #guest(domid: number): Link {
    const ring = new RingClient({
      page: () => this.#xen.page(domid),
      notify: () => {
        this.#xen.notifyDaemon(domid);
        this.#settle();
      },
    });
    const reader = new FrameReader();
    return {
      send: (bytes) => ring.send(bytes),
      collect: async (replies) => {
        this.#settle();
        const messages = messagesOf(reader, ring.take());
        return { messages, end: enough(messages, replies) };
      },
      close: () => {},
    };
  }

  #settle(): void {
    for (let task = this.#deferred.shift(); task !== undefined; task = this.#deferred.shift())
      task();
  }
}

const enough = (messages: readonly Message[], replies: number): "open" | "late" =>
  messages.filter(({ type }) => type !== MESSAGE.watchEvent).length < replies ? "late" : "open";

const messagesOf = (reader: FrameReader, bytes: Uint8Array): Message[] => {
  const messages: Message[] = [];
  reader.push(bytes);
  while (reader.next()) {
    const { type, reqId, txId, payload } = reader;
    messages.push({ type, reqId, txId, payload: payload.slice() });
  }
  return messages;
};
