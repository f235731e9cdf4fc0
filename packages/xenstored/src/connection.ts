import { FrameReader, isWireError } from "@xenkit/xenstore-wire";
import type { DomainRecord } from "./domain-record.ts";
import { type OutputListener, OutputQueue } from "./output-queue.ts";
import type { Caller } from "./perms.ts";
import type { CloseReason, ConnectionSink, StoreConnection } from "./store-connection.ts";
import type { Transaction } from "./transaction.ts";
import type { Watch } from "./watch-index.ts";

/** Where a connection's messages go, and what becomes of it. */
export interface ConnectionOwner {
  /** Answers the message that the reader stands on. */
  answer(connection: Connection, message: FrameReader): void;
  /** A watch of the connection has ended. */
  unwatched(watch: Watch<Connection>): void;
  /** Whether requests of a guest must wait. Its sink is told when they need not. */
  holds(connection: Connection): boolean;
  /** Told of messages of guests' requests. */
  readonly pending: OutputListener;
  /** The connection is closed. */
  dropped(connection: Connection): void;
}

/** How much may wait, in bytes. */
export interface OutputLimits {
  /** Requests are not read while more output than this waits. */
  readonly pauseAt: number;
  /** More events than this may not wait. */
  readonly eventsUpTo: number;
}

/** What a connection is made of. */
export interface ConnectionOptions extends OutputLimits {
  readonly order: number;
  readonly kind: "socket" | "guest";
  readonly domid: number;
  readonly privileged: boolean;
  readonly owner: ConnectionOwner;
  readonly sink: ConnectionSink;
}

/** A connection, as the rest of the daemon has it. */
export class Connection implements Caller, StoreConnection {
  /** Connections hear of a change in this order. */
  readonly order: number;
  readonly kind: "socket" | "guest";
  readonly domid: number;
  readonly privileged: boolean;
  /** By `watchKey`, in the order in which they were set. */
  readonly watches: Map<string, Watch<Connection>> = new Map();
  readonly transactions: Map<number, Transaction> = new Map();
  /** Watches are numbered in the order in which they are set. */
  lastWatch = 0;
  lastTransactionId = 0;
  /** Requests of a guest of which the reply or an event was not written yet. */
  outstanding = 0;
  readonly output: OutputQueue;
  sink: ConnectionSink;
  readonly #owner: ConnectionOwner;
  readonly #limits: OutputLimits;
  readonly #reader = new FrameReader();
  #closed = false;
  #answering = false;
  #target: DomainRecord | undefined = undefined;

  constructor({ order, kind, domid, privileged, owner, sink, ...limits }: ConnectionOptions) {
    this.order = order;
    this.kind = kind;
    this.domid = domid;
    this.privileged = privileged;
    this.sink = sink;
    this.output = new OutputQueue(kind === "socket" ? 2 : 1, owner.pending);
    this.#owner = owner;
    this.#limits = limits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get paused(): boolean {
    if (this.#closed) return false;
    if (this.output.length >= this.#limits.pauseAt) return true;
    return !this.privileged && this.#owner.holds(this);
  }

  receive(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#reader.push(chunk);
    this.resume();
  }

  resume(): void {
    if (this.#answering) throw new TypeError("a sink must not call back into the daemon");
    this.#answering = true;
    try {
      while (!this.#closed && !this.paused && this.#reader.next()) {
        const { queued } = this.output;
        this.#owner.answer(this, this.#reader);
        this.output.pace(queued);
      }
    } catch (error) {
      if (!isWireError(error, "payload-too-long")) throw error;
      this.close("protocol");
    } finally {
      this.#answering = false;
    }
  }

  unread(): number {
    return this.#closed ? 0 : this.#reader.unread();
  }

  /** The domain that this one acts for, as long as it lives. */
  get target(): DomainRecord | undefined {
    return this.#target?.alive ? this.#target : undefined;
  }

  set target(target: DomainRecord | undefined) {
    this.#target = target;
  }

  /** Ends all watches. Events that wait are still delivered. */
  dropWatches(): void {
    for (const watch of this.watches.values()) this.#owner.unwatched(watch);
    this.watches.clear();
  }

  /** Aborts all transactions. */
  dropTransactions(): void {
    for (const transaction of this.transactions.values()) transaction.end();
    this.transactions.clear();
  }

  restart(): void {
    this.dropWatches();
    this.dropTransactions();
    this.#reader.reset();
    this.output.clear();
  }

  /** Whether an event of `size` bytes may still be queued. */
  hasRoom(size: number): boolean {
    return this.output.length + size <= this.#limits.eventsUpTo;
  }

  /** The client has gone, or (with a reason) the daemon gives it up: watches and transactions are dropped. */
  close(reason?: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.dropWatches();
    this.dropTransactions();
    this.#owner.dropped(this);
    this.output.abandon();
    if (reason !== undefined) this.sink.closed(reason);
  }
}

/** The key of a watch within its connection. `path` is canonical. */
export const watchKey = (path: string, token: string): string => `${path}\0${token}`;
