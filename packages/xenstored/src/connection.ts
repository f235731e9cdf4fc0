import { FrameReader, isWireError } from "@xenkit/xenstore-wire";
import type { DomainRecord } from "./domain-record.ts";
import { type OutputListener, OutputQueue } from "./output-queue.ts";
import type { Caller } from "./perms.ts";
import type { Transaction } from "./transaction.ts";
import type { Watch } from "./watch-index.ts";

/** Why the daemon gave up on a connection. */
export type CloseReason =
  /** A message longer than the protocol allows. */
  | "protocol"
  /** More events wait than a connection may leave unread. */
  | "overflow"
  /** Its domain was released or has died. */
  | "released";

/**
 * What a connection tells its rim. Called in the middle of a request: take note, act when the daemon has returned.
 */
export interface ConnectionSink {
  /** There is output, or requests that had to wait need not any more. May be called again before it was taken. */
  output(): void;
  /** The daemon has let the connection go; what is in its output may still be written. Called once. */
  closed(reason: CloseReason): void;
}

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

/**
 * One client of the daemon: bytes in by {@link receive}, bytes out by {@link output}.
 *
 * Requests are answered in the order received. While a client leaves its replies unread its requests are not looked
 * at: {@link paused} says so, and {@link resume} goes on.
 */
export class Connection implements Caller {
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

  /** Nothing is read or written any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether requests wait until output is taken: the rim should not read on, and call {@link resume} then. */
  get paused(): boolean {
    if (this.#closed) return false;
    if (this.output.length >= this.#limits.pauseAt) return true;
    return !this.privileged && this.#owner.holds(this);
  }

  /**
   * Takes bytes from the client, split anywhere, and answers the requests that they complete.
   *
   * The bytes must not change while the connection is {@link paused}. Must not be called from a sink.
   */
  receive(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#reader.push(chunk);
    this.resume();
  }

  /** Answers requests that waited. To be called after output was taken. */
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

  /**
   * Gives requests back that wait, so that the rim need not keep them: they are to be received again.
   *
   * @returns How many bytes of the last chunk were not looked at.
   */
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

  /** Begins anew, as for a new client: watches, transactions, what was received or is to be sent are dropped. */
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
