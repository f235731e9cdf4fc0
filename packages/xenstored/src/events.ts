import { ACCESS, HEADER_SIZE, MESSAGE, PAYLOAD_MAX, parentPath } from "@xenkit/xenstore-wire";
import type { PendingRequest } from "./back-pressure.ts";
import type { CommittedChange } from "./commit.ts";
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import type { EventTimeout } from "./event-timeout.ts";
import type { Limits } from "./limits.ts";
import { accessOf, type Perms } from "./perms.ts";
import type { Store } from "./store.ts";
import type { StoreNode } from "./store-node.ts";
import type { Watch, WatchIndex } from "./watch-index.ts";

const HEAD = { type: MESSAGE.watchEvent, reqId: 0, txId: 0 } as const;

/** The special nodes. */
export const INTRODUCE_DOMAIN = "@introduceDomain";
export const RELEASE_DOMAIN = "@releaseDomain";

/** What events need of the daemon. */
export interface EventsOptions {
  readonly store: Store;
  readonly watches: WatchIndex<Connection>;
  /** A connection that may not leave more events unread. */
  readonly overflowed: (connection: Connection) => void;
  readonly limits: Limits;
  readonly counters: Counters;
  readonly timeout: EventTimeout;
}

/**
 * Tells changes to the watches that match, in the order of the connections and, within one, of its watches.
 *
 * A connection hears of a node that it may read, or whose parent it may read, before the change or after it.
 */
export class Events {
  readonly #store: Store;
  readonly #watches: WatchIndex<Connection>;
  /** The guest's request under way: it is not over before its events were written. */
  cause: PendingRequest | undefined;
  readonly #overflowed: (connection: Connection) => void;
  readonly #limits: Limits;
  readonly #counters: Counters;
  readonly #timeout: EventTimeout;

  constructor({ store, watches, overflowed, limits, counters, timeout }: EventsOptions) {
    this.#store = store;
    this.#watches = watches;
    this.#overflowed = overflowed;
    this.#limits = limits;
    this.#counters = counters;
    this.#timeout = timeout;
  }

  /** A node was written, or made. `oldPerms`: when they have just changed. */
  changed(path: string, oldPerms?: Perms): void {
    const readable = this.#readableNow(path);
    if (oldPerms !== undefined) readable.push(oldPerms);
    this.#tell(this.#concerned(path, "path"), path, readable);
  }

  /** `node` is about to be removed; `top` is the node that was named. */
  removing(node: StoreNode, top: StoreNode): void {
    const { path } = node;
    if (node !== top && !this.#watches.has(path)) return;
    const readable = node.parent === undefined ? [node.perms] : [node.perms, node.parent.perms];
    this.#tell(this.#concerned(path, node === top ? "path" : "exact"), path, readable);
  }

  /** A transaction has made a change. */
  committed({ path, how, oldPerms, newPerms }: CommittedChange): void {
    const readable = newPerms === undefined ? [] : this.#readableNow(path);
    if (oldPerms !== undefined) readable.push(oldPerms);
    this.#tell(this.#concerned(path, how), path, readable);
  }

  /** `@introduceDomain` or `@releaseDomain`: to watches without a depth. */
  special(name: string): void {
    const found = this.#watches.exact(name).filter(({ depth }) => depth === undefined);
    this.#tell(found, name, this.#readableNow(name));
  }

  /** `@…/<domid>`: to watches of the name with a depth of 1 or more, and of this domain. */
  specialOf(name: string, domid: number): void {
    const path = `${name}/${domid}`;
    const deep = this.#watches.exact(name).filter(({ depth }) => depth !== undefined && depth > 0);
    this.#tell([...deep, ...this.#watches.exact(path)], path, this.#readableNow(name));
  }

  /** The event that every new watch begins with: its path as the client gave it, whatever it may read. */
  first({ watcher, path, token, cut }: Watch<Connection>): void {
    this.#queue(watcher, path.slice(cut), token);
  }

  /** A change of a special node itself concerns every watch on exactly it, whatever its depth. */
  #concerned(path: string, how: "path" | "exact"): Watch<Connection>[] {
    const exact = how === "exact" || path.startsWith("@");
    return exact ? this.#watches.exact(path) : this.#watches.covering(path);
  }

  #readableNow(path: string): Perms[] {
    const above = parentPath(path);
    const node = this.#store.find(path);
    const parent = above === undefined ? undefined : this.#store.find(above);
    return [
      ...(node === undefined ? [] : [node.perms]),
      ...(parent === undefined ? [] : [parent.perms]),
    ];
  }

  #tell(watches: Watch<Connection>[], path: string, readable: readonly Perms[]): void {
    if (watches.length > 1) watches.sort(byConnection);
    let judged: Connection | undefined;
    let permitted = false;
    for (const { watcher, token, cut } of watches) {
      if (watcher !== judged) {
        judged = watcher;
        permitted = mayRead(watcher, readable);
      }
      if (permitted) this.#queue(watcher, path.slice(cut), token);
    }
  }

  /** An event that no message can hold is dropped. */
  #queue(connection: Connection, path: string, token: string): void {
    const length = path.length + token.length + 2;
    if (length > PAYLOAD_MAX || connection.closed) return;
    const counters = this.#counters;
    if (!connection.hasRoom(HEADER_SIZE + length)) {
      counters.eventsDropped += 1;
      this.#overflowed(connection);
      return;
    }
    if (this.#limits.refusesMemory(connection, connection.domid, HEADER_SIZE + length)) {
      counters.eventsDropped += 1;
      return;
    }
    const queued = connection.output.event(HEAD, path, token, {
      mergeable: !path.startsWith("@"),
      request: this.cause,
      deadline: this.#timeout.deadline(connection),
    });
    if (queued) counters.eventsQueued += 1;
    else counters.eventsMerged += 1;
    connection.sink.output();
  }
}

const byConnection = (a: Watch<Connection>, b: Watch<Connection>): number =>
  a.watcher.order - b.watcher.order || a.order - b.order;

const mayRead = (connection: Connection, readable: readonly Perms[]): boolean =>
  connection.privileged ||
  readable.some((perms) => (accessOf(perms, connection) & ACCESS.read) !== 0);
