import { HEADER_SIZE, MESSAGE, PAYLOAD_MAX } from "@xenkit/xenstore-wire";
import { pauseMs } from "./backoff.ts";
import { isXenstoreError, XenstoreError } from "./client-error.ts";
import { Exchange } from "./exchange.ts";
import { limitRequest } from "./limit-request.ts";
import { checkRequest } from "./payload.ts";
import { Request, type RequestKind, type RequestNature } from "./request.ts";
import { platformRuntime, type Runtime } from "./runtime.ts";
import { type ClientOptions, checkOptions, type RequestOptions } from "./session-options.ts";
import type { ClientStatus } from "./status.ts";
import type { Link, Transport, TransportPeer } from "./transport.ts";

/** What a session tells its client. */
export interface SessionHooks {
  onEvent(path: string, token: string): void;
  /** A connection is there: makes its first requests, by {@link Session.call}. */
  onReady(): void;
  /** A connection is gone, and all that belonged to it. */
  onLost(): void;
  /** Closing: takes back what the server holds for us. */
  onClosing(): void;
  /** Closed for ever. */
  onEnd(error: XenstoreError | undefined): void;
}

const OUTPUT_SIZE = 1 << 16;
const PLAIN: RequestNature = {};
const CALLED_OFF = (): void => {};

/** One client's connection, or the series of them: the state machine of {@link ClientStatus}. */
export class Session {
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly #hooks: SessionHooks;
  readonly #options: ClientOptions;
  readonly #exchange: Exchange;
  readonly #listeners = new Set<(status: ClientStatus) => void>();
  readonly #payloadMax: number;
  readonly #perSend: number;
  readonly #soon: (callback: () => void) => void;
  readonly #idleWaiters: (() => void)[] = [];
  #status: ClientStatus = { status: "connecting", attempt: 1 };
  /** Counts connections: what another one began means nothing here. */
  #epoch = 0;
  #failures = 0;
  #link: Link | undefined;
  #output = new Uint8Array(OUTPUT_SIZE);
  #scheduled = false;
  /** The link still needs the output's bytes. */
  #busy = false;
  #closing = false;
  #cancelTimer = CALLED_OFF;
  #cancelSilence: (() => void) | undefined;

  constructor(transport: Transport, options: ClientOptions, hooks: SessionHooks) {
    checkOptions(options);
    const traits = transport.traits ?? {};
    this.transport = transport;
    this.runtime = options.runtime ?? platformRuntime;
    this.#options = options;
    this.#hooks = hooks;
    this.#payloadMax = (traits.messageMax ?? HEADER_SIZE + PAYLOAD_MAX) - HEADER_SIZE;
    this.#perSend = traits.oneMessagePerSend === true ? 1 : Number.POSITIVE_INFINITY;
    this.#soon = traits.soon ?? this.runtime.soon;
    this.#exchange = new Exchange({
      maxInFlight: options.maxInFlight ?? 128,
      maxQueued: options.maxQueued ?? 65_536,
      firstReqId: Math.floor(this.runtime.random() * 2 ** 32),
      onEvent: hooks.onEvent,
    });
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** Which connection this is; another number after each loss. */
  get epoch(): number {
    return this.#epoch;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Whether there is a connection, or may be one again. */
  get goesOn(): boolean {
    const { status } = this.#status;
    if (this.#closing || status === "closed") return false;
    return status === "ready" || this.#options.reconnect !== undefined;
  }

  /** Requests by where they are. */
  get load(): { readonly inFlight: number; readonly queued: number } {
    return { inFlight: this.#exchange.inFlight, queued: this.#exchange.queued };
  }

  onStatus(listener: (status: ClientStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes a request. Never throws. */
  call<T>(
    kind: RequestKind<T>,
    txId: number,
    args: readonly string[],
    value: string | Uint8Array | undefined,
    options: RequestOptions | undefined,
    nature: RequestNature = PLAIN,
  ): Promise<T> {
    const text = args.length === 0 ? "" : `${args.join("\0")}\0`;
    const bytes = value instanceof Uint8Array ? value.slice() : value;
    const request = new Request(kind, txId, text, bytes, nature);
    try {
      checkRequest(request, args, this.#payloadMax);
      this.#checkOpen(request);
      if (options !== undefined) limitRequest(request, options, this.runtime);
      if (!request.settled) this.#exchange.submit(request);
    } catch (error) {
      request.fail(error);
    }
    this.#schedule();
    return request.promise;
  }

  /** Settles when nothing waits to be sent: the moment to make more requests. */
  drained(): Promise<void> {
    if (this.#exchange.queued === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Connects. Once. */
  open(): void {
    this.#epoch += 1;
    const peer = this.#peer(this.#epoch);
    this.#output = new Uint8Array(OUTPUT_SIZE);
    this.#busy = false;
    this.#setStatus({ status: "connecting", attempt: this.#failures + 1 });
    this.#arm(this.#options.connectMs ?? 10_000, () =>
      this.#lose(this.#connectFailed("no answer in time")),
    );
    try {
      this.#link = this.transport.open(peer);
    } catch (cause) {
      this.#lose(this.#connectFailed("it threw", cause));
    }
  }

  /** Sends what waits, takes back what the server holds, waits for the answers, closes. Never rejects. */
  async close(): Promise<void> {
    const ended = this.#whenEnded();
    if (!this.#closing && this.#status.status === "ready") {
      this.#closing = true;
      this.#hooks.onClosing();
      this.#arm(this.#options.closeMs ?? 5000, () => this.destroy());
      this.#schedule();
      this.#afterProgress();
    } else if (!this.#closing) {
      this.destroy();
    }
    await ended;
  }

  /** Closes at once. */
  destroy(): void {
    if (this.#status.status === "closed") return;
    this.#closing = true;
    this.#drop((request) => request.unanswered("closed", "the client was closed"));
    this.#finish(undefined);
  }

  /** Gives the connection up: what came over it cannot be trusted. */
  distrust(error: XenstoreError): void {
    if (this.#status.status === "ready") this.#lose(error);
  }

  #peer(epoch: number): TransportPeer {
    const current = (): boolean => this.#epoch === epoch && this.#status.status !== "closed";
    return {
      opened: () => {
        if (current() && this.#status.status === "connecting") this.#opened();
      },
      received: (chunk) => {
        if (current() && this.#status.status === "ready") this.#receive(chunk);
      },
      writable: () => {
        if (!current()) return;
        this.#busy = false;
        this.#schedule();
      },
      closed: (cause) => {
        if (!current()) return;
        const failed =
          this.#status.status === "ready"
            ? this.#lostBy("the connection is gone", cause)
            : this.#connectFailed("it is closed", cause);
        this.#lose(failed);
      },
    };
  }

  #opened(): void {
    this.#cancelTimer();
    this.#failures = 0;
    this.#status = { status: "ready" };
    this.#exchange.first(() => this.#hooks.onReady());
    this.#announce();
    this.#schedule();
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#exchange.receive(chunk);
    } catch (error) {
      this.#lose(isXenstoreError(error) ? error : this.#lostBy("an error", error));
      return;
    }
    this.#schedule();
    this.#afterProgress();
  }

  #afterProgress(): void {
    const { queued, inFlight } = this.#exchange;
    if (queued === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
    if (this.#closing && queued === 0 && inFlight === 0) this.destroy();
  }

  #schedule(): void {
    if (this.#scheduled || this.#busy || this.#status.status !== "ready") return;
    if (!this.#exchange.canSend) return;
    this.#scheduled = true;
    this.#soon(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    try {
      while (!this.#busy && this.#status.status === "ready") {
        const length = this.#exchange.encode(this.#output, this.#perSend);
        if (length === 0) break;
        this.#busy = this.#link?.send(this.#output.subarray(0, length)) === false;
      }
    } catch (cause) {
      this.#lose(this.#lostBy("sending failed", cause));
      return;
    }
    this.#watchSilence();
    this.#afterProgress();
  };

  #watchSilence(): void {
    const ms = this.#options.silenceMs ?? 60_000;
    if (this.#cancelSilence !== undefined || this.#exchange.inFlight === 0) return;
    if (ms === Number.POSITIVE_INFINITY) return;
    const before = this.#exchange.oldest;
    this.#cancelSilence = this.runtime.after(ms, () => {
      this.#cancelSilence = undefined;
      if (this.#exchange.inFlight === 0 || this.#status.status !== "ready") return;
      const moves = this.#exchange.oldest !== before || this.#exchange.awaits(MESSAGE.control);
      if (moves) this.#watchSilence();
      else this.#lose(this.#lostBy(`no answer for ${ms} ms`));
    });
  }

  /** The connection is gone, or could not be had. */
  #lose(error: XenstoreError): void {
    if (this.#closing) {
      this.destroy();
      return;
    }
    this.#closeLink();
    this.#failures += 1;
    this.#exchange.lose((request) =>
      request.unanswered("disconnected", error.message, { cause: error }),
    );
    this.#hooks.onLost();
    const { reconnect } = this.#options;
    if (reconnect === undefined || this.#failures >= (reconnect.maxAttempts ?? Infinity)) {
      this.#drop((request) => request.unanswered("disconnected", error.message, { cause: error }));
      this.#finish(error);
      return;
    }
    const { minMs = 50, maxMs = 5000 } = reconnect;
    const retryInMs = pauseMs(this.#failures - 1, minMs, maxMs, this.runtime);
    this.#arm(retryInMs, () => this.open());
    this.#setStatus({ status: "lost", error, retryInMs });
    this.#afterProgress();
  }

  #drop(failure: (request: Request) => unknown): void {
    this.#exchange.lose(failure);
    this.#exchange.dropQueue(failure);
  }

  #finish(error: XenstoreError | undefined): void {
    this.#closeLink();
    this.#setStatus({ status: "closed", error });
    this.#hooks.onEnd(error);
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
    this.#listeners.clear();
  }

  #closeLink(): void {
    this.#cancelTimer();
    this.#cancelSilence?.();
    this.#cancelSilence = undefined;
    const link = this.#link;
    this.#link = undefined;
    this.#epoch += 1;
    link?.close();
  }

  #checkOpen(request: Request): void {
    const { status } = this.#status;
    if (status === "closed" && this.#status.error !== undefined) {
      const { error } = this.#status;
      throw request.unanswered("disconnected", error.message, { cause: error });
    }
    if (status === "closed" || (this.#closing && request.nature.must !== true)) {
      throw request.unanswered("closed", "the client was closed");
    }
  }

  #arm(ms: number, callback: () => void): void {
    this.#cancelTimer();
    const cancel = ms === Number.POSITIVE_INFINITY ? CALLED_OFF : this.runtime.after(ms, callback);
    this.#cancelTimer = () => {
      this.#cancelTimer = CALLED_OFF;
      cancel();
    };
  }

  #setStatus(status: ClientStatus): void {
    this.#status = status;
    this.#announce();
  }

  #announce(): void {
    const status = this.#status;
    for (const listener of [...this.#listeners]) {
      try {
        listener(status);
      } catch (error) {
        // A listener's fault is not ours to handle, and must not stop us.
        this.runtime.soon(() => {
          throw error;
        });
      }
    }
  }

  #whenEnded(): Promise<void> {
    if (this.#status.status === "closed") return Promise.resolve();
    return new Promise((resolve) => {
      this.onStatus(({ status }) => {
        if (status === "closed") resolve();
      });
    });
  }

  #connectFailed(why: string, cause?: unknown): XenstoreError<"connect-failed"> {
    const transport = this.transport.name;
    const message = `${transport}: connect-failed (${because(why, cause)})`;
    return new XenstoreError("connect-failed", message, { transport }, { cause });
  }

  #lostBy(why: string, cause?: unknown): XenstoreError<"disconnected"> {
    const details = { request: "-", path: undefined, txId: 0, mayHaveExecuted: false };
    const message = `${this.transport.name}: disconnected (${because(why, cause)})`;
    return new XenstoreError("disconnected", message, details, { cause });
  }
}

const because = (why: string, cause: unknown): string =>
  cause instanceof Error ? `${why}: ${cause.message}` : why;
