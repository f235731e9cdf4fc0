import { atLeast } from "./at-least.ts";
import { XenstoreError } from "./client-error.ts";
import { type WatchEvent, type WatchOverflow, WatchQueue } from "./watch-queue.ts";

/** What is watched, and what becomes of events that nobody takes. */
export interface WatchOptions {
  /** Ends the watch; the iteration then throws `aborted`. */
  readonly signal?: AbortSignal;
  /**
   * How many levels below the path count; 0 is the node itself. A server without the feature is asked for all, and
   * the client leaves out the rest. For `@releaseDomain` the server must have it (`EINVAL` otherwise).
   */
  readonly depth?: number;
  /** What happens when events come faster than they are read. Default `merge`. */
  readonly overflow?: WatchOverflow;
  /** How many events may wait, ≥ 1. Default 1000. */
  readonly queueMax?: number;
}

/** @internal What a watch asks of the client. */
export interface WatchHome {
  /** Takes the watch back; settles when the server has, or cannot be asked any more. */
  unwatch(watch: Watch): Promise<void>;
}

interface Reader {
  readonly resolve: (result: IteratorResult<WatchEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const QUEUE_MAX = 1000;

/**
 * A watch, from `client.watch()` until {@link close}, `break`, the signal or an error.
 *
 * The first event says "read it now": it comes once the server has the watch, even when there is no such node, and
 * again after each reconnect.
 */
export class Watch implements AsyncIterableIterator<WatchEvent, undefined>, AsyncDisposable {
  readonly path: string;
  /** Settles when the server has the watch, for the first time; rejects when it refuses. */
  readonly ready: Promise<void>;
  /** @internal */
  readonly token: string;
  /** @internal What the server is asked for; undefined when it knows no depth. */
  serverDepth: number | undefined;
  readonly #depth: number | undefined;
  readonly #home: WatchHome;
  readonly #queue: WatchQueue;
  readonly #queueMax: number;
  readonly #readers: Reader[] = [];
  readonly #forgetSignal: (() => void) | undefined;
  #settleReady!: Reader["reject"];
  #ended = false;
  #error: unknown;

  /** @internal */
  constructor(path: string, token: string, options: WatchOptions, home: WatchHome) {
    atLeast(0, "depth", options.depth);
    atLeast(1, "queueMax", options.queueMax);
    this.path = path;
    this.token = token;
    this.#home = home;
    this.#depth = options.depth;
    this.serverDepth = options.depth;
    this.#queueMax = options.queueMax ?? QUEUE_MAX;
    this.#queue = new WatchQueue(path, this.#queueMax, options.overflow ?? "merge");
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Who only iterates is told there.
    this.ready.catch(() => {});
    this.#forgetSignal = this.#follow(options.signal);
  }

  get closed(): boolean {
    return this.#ended;
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (!this.#ended) {
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    }
    const error = this.#error;
    this.#error = undefined;
    return error === undefined
      ? Promise.resolve({ value: undefined, done: true })
      : Promise.reject(error);
  }

  /** What `break` calls: as {@link close}. */
  async return(): Promise<IteratorResult<WatchEvent, undefined>> {
    await this.close();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes the watch back. Events that wait are dropped; an iteration ends. Never rejects. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.end(undefined);
    this.#queue.clear();
    await this.#home.unwatch(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal The server has it. */
  registered(): void {
    this.#settleReady(undefined);
  }

  /** @internal An event came. */
  deliver(path: string): void {
    if (this.#ended || this.#isTooDeep(path)) return;
    if (!this.#queue.push(path)) {
      const limit = this.#queueMax;
      const message = `watch ${this.path}: queue-overflow (${limit} events wait already)`;
      this.fail(new XenstoreError("queue-overflow", message, { path: this.path, limit }));
      return;
    }
    const reader = this.#readers.shift();
    const event = reader && this.#queue.shift();
    if (event !== undefined) reader?.resolve({ value: event, done: false });
  }

  /** @internal Ends with an error, and takes it back from the server. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.end(error);
    void this.#home.unwatch(this);
  }

  /** @internal Ends; the server has forgotten it already. Events that wait can still be read. */
  end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forgetSignal?.();
    this.#settleReady(error ?? endedEarly(this.path));
    this.#error = error;
    for (const reader of this.#readers.splice(0)) {
      const told = this.#error;
      this.#error = undefined;
      if (told === undefined) reader.resolve({ value: undefined, done: true });
      else reader.reject(told);
    }
  }

  /** Whether the event is none of ours, when the server does not look at the depth. */
  #isTooDeep(path: string): boolean {
    if (this.#depth === undefined || this.serverDepth !== undefined) return false;
    if (path === this.path) return false;
    const below = path.slice(this.path === "/" ? 1 : this.path.length + 1);
    return below.split("/").length > this.#depth;
  }

  #follow(signal: AbortSignal | undefined): (() => void) | undefined {
    if (signal === undefined) return undefined;
    const onAbort = (): void => this.fail(abortedWatch(this.path, signal));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    return () => signal.removeEventListener("abort", onAbort);
  }
}

const abortedWatch = (path: string, signal: AbortSignal): XenstoreError<"aborted"> => {
  const details = { request: "WATCH", path, txId: 0, mayHaveExecuted: false };
  const options = { cause: signal.reason as unknown };
  return new XenstoreError("aborted", `watch ${path}: aborted`, details, options);
};

const endedEarly = (path: string): XenstoreError<"closed"> => {
  const details = { request: "WATCH", path, txId: 0, mayHaveExecuted: false };
  return new XenstoreError("closed", `watch ${path}: closed`, details);
};
