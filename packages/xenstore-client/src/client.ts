import { isXenstoreError, XenstoreError } from "./client-error.ts";
import { txIdReply } from "./reply.ts";
import type { RequestKind, RequestNature } from "./request.ts";
import { REQUEST } from "./request-kinds.ts";
import { runTransaction, type TransactionOptions } from "./run-transaction.ts";
import type { Runtime } from "./runtime.ts";
import { Session } from "./session.ts";
import type { ClientOptions, RequestOptions } from "./session-options.ts";
import type { ClientStatus } from "./status.ts";
import { StoreRequests } from "./store-requests.ts";
import { type Subscription, subscribe } from "./subscribe.ts";
import { abort, Transaction, type TransactionRecord } from "./transaction.ts";
import type { Transport } from "./transport.ts";
import { type WaitOptions, waitFor } from "./wait-for.ts";
import type { Watch, WatchOptions } from "./watch.ts";
import type { WatchEvent } from "./watch-queue.ts";
import { WatchRegistry } from "./watch-registry.ts";

/** A connection to a Xenstore, or a series of them: see {@link ClientStatus} for its life. */
export class Client extends StoreRequests implements AsyncDisposable {
  readonly #session: Session;
  readonly #watches: WatchRegistry;
  readonly #transactions = new Set<TransactionRecord>();

  /** @internal Use `connect` or `createClient`. */
  constructor(transport: Transport, options: ClientOptions) {
    super();
    this.#session = new Session(transport, options, {
      onEvent: (path, token) => this.#watches.deliver(path, token),
      onReady: () => this.#begin(),
      onLost: () => this.#transactions.clear(),
      onClosing: () => {
        for (const record of [...this.#transactions]) void abort(record);
        this.#watches.unwatchAll();
      },
      onEnd: (error) => {
        this.#transactions.clear();
        this.#watches.endAll(error);
      },
    });
    this.#watches = new WatchRegistry(this.#session);
    this.#session.open();
  }

  /** Where the client is in its life. */
  get status(): ClientStatus["status"] {
    return this.#session.status.status;
  }

  /** Requests that are sent, and that wait. */
  get load(): { readonly inFlight: number; readonly queued: number } {
    return this.#session.load;
  }

  /** @internal */
  get runtime(): Runtime {
    return this.#session.runtime;
  }

  /** Tells `listener` of each change of the status; the function that it returns stops that. */
  onStatus(listener: (status: ClientStatus) => void): () => void {
    return this.#session.onStatus(listener);
  }

  /**
   * Settles when the client is ready.
   *
   * @throws XenstoreError `connect-failed` and whatever else closed it.
   */
  ready(): Promise<void> {
    const now = this.#session.status;
    if (now.status === "ready") return Promise.resolve();
    if (now.status === "closed") return Promise.reject(now.error ?? closedError());
    return new Promise((resolve, reject) => {
      const stop = this.onStatus((next) => {
        if (next.status === "ready") resolve();
        else if (next.status === "closed") reject(next.error ?? closedError());
        else return;
        stop();
      });
    });
  }

  /** Settles when no request waits to be sent: the moment to make more. */
  drained(): Promise<void> {
    return this.#session.drained();
  }

  /**
   * Closes, in good order: what was asked for is sent and answered, transactions and watches are taken back. Takes
   * `closeMs` at most. Never rejects.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** Closes at once: whatever waits fails with `closed`. */
  destroy(): void {
    this.#session.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  override call<T>(
    kind: RequestKind<T>,
    args: readonly string[],
    value: string | Uint8Array | undefined,
    options: RequestOptions | undefined,
  ): Promise<T> {
    return this.#session.call(kind, 0, args, value, options);
  }

  /**
   * Watches a path, whether there is such a node or not: an async iterator of events, of which the first says "read
   * it now". The server has the watch before anything that is asked for afterwards.
   *
   * @throws XenstoreError `bad-argument` for a depth or a `queueMax` that makes no sense.
   */
  watch(path: string, options: WatchOptions = {}): Watch {
    const watch = this.#watches.add(path, options);
    const { status } = this.#session;
    if (status.status === "closed") this.#watches.endAll(status.error ?? closedError());
    return watch;
  }

  /** As {@link watch}, with a callback: one call at a time, the next when the last has settled. */
  subscribe(
    path: string,
    listener: (event: WatchEvent) => void | Promise<void>,
    options: WatchOptions = {},
  ): Subscription {
    return subscribe(this.watch(path, options), listener);
  }

  /**
   * The value of a node as soon as `predicate` says yes to it; `undefined` stands for "there is no such node".
   */
  waitFor(
    path: string,
    predicate: (value: string | undefined) => boolean,
    options: WaitOptions = {},
  ): Promise<string | undefined> {
    return waitFor(this, path, predicate, options);
  }

  /** Begins a transaction. It ends with `commit()`, `abort()`, its disposal, or the connection. */
  begin(options?: RequestOptions): Promise<Transaction> {
    const session = this.#session;
    const open = (payload: Uint8Array): TransactionRecord => {
      const record = {
        session,
        txId: txIdReply(payload),
        epoch: session.epoch,
        open: this.#transactions,
      };
      this.#transactions.add(record);
      if (session.closing) void abort(record);
      return record;
    };
    const kind: RequestKind<TransactionRecord> = { ...REQUEST.transactionStart, reply: open };
    // Begun for nobody: taken back at once.
    const nature: RequestNature = { late: (payload) => void abort(open(payload)) };
    return session.call(kind, 0, [""], undefined, options, nature).then(
      (record) => new Transaction(record),
      (error: unknown) => {
        // It may be open, and we do not know its id.
        if (isXenstoreError(error, "protocol")) session.distrust(error);
        throw error;
      },
    );
  }

  /**
   * Runs `body` in a transaction and commits it; again, after a random pause that grows, when others were faster.
   * When `body` throws, the transaction is aborted.
   *
   * With `reconnect`, `body` also runs again when the connection was lost before the commit was sent. When it was lost
   * after that the commit may have been done: the error is `disconnected`, with `mayHaveExecuted`.
   */
  transaction<T>(
    body: (tx: Transaction) => T | Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return runTransaction((limits) => this.begin(limits), body, options, this.#session);
  }

  /** Tells the store of a domain. @param gfn - Frame of its ring page. @param port - Its event channel. */
  introduce(
    domid: number,
    gfn: number | bigint,
    port: number,
    options?: RequestOptions,
  ): Promise<void> {
    return this.call(REQUEST.introduce, [`${domid}`, `${gfn}`, `${port}`], undefined, options);
  }

  /** The domain is gone: its connection, its nodes. */
  release(domid: number, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.release, [`${domid}`], undefined, options);
  }

  /** The domain runs again: its next shutdown is news. */
  resume(domid: number, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.resume, [`${domid}`], undefined, options);
  }

  /** Gives `domid` the rights of `target`, whose device model it is. */
  setTarget(domid: number, target: number, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.setTarget, [`${domid}`, `${target}`], undefined, options);
  }

  /** `/local/domain/N`, whether there is such a domain or not. */
  domainPath(domid: number, options?: RequestOptions): Promise<string> {
    return this.call(REQUEST.domainPath, [`${domid}`], undefined, options);
  }

  isIntroduced(domid: number, options?: RequestOptions): Promise<boolean> {
    return this.call(REQUEST.isIntroduced, [`${domid}`], undefined, options);
  }

  /** A set of `FEATURE` flags: the caller's own. `ENOSYS` before Xen 4.21. */
  features(options?: RequestOptions): Promise<number> {
    return this.#bare(REQUEST.getFeatures, options);
  }

  /** A set of `FEATURE` flags: those of another domain. */
  domainFeatures(domid: number, options?: RequestOptions): Promise<number> {
    return this.call(REQUEST.getFeatures, [`${domid}`], undefined, options);
  }

  /** Which features a domain will be offered; before its introduction. */
  setDomainFeatures(domid: number, features: number, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.setFeatures, [`${domid}`, `${features}`], undefined, options);
  }

  /** The names of the quotas. `ENOSYS` before Xen 4.22. */
  quotaNames(options?: RequestOptions): Promise<string[]> {
    return this.#bare(REQUEST.quotaNames, options);
  }

  /** What new domains get; 0 for no limit. */
  quota(name: string, options?: RequestOptions): Promise<number> {
    return this.call(REQUEST.getQuota, [name], undefined, options);
  }

  setQuota(name: string, value: number, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.setQuota, [name, `${value}`], undefined, options);
  }

  /** What one domain has; 0 for no limit. */
  domainQuota(domid: number, name: string, options?: RequestOptions): Promise<number> {
    return this.call(REQUEST.getQuota, [`${domid}`, name], undefined, options);
  }

  setDomainQuota(
    domid: number,
    name: string,
    value: number,
    options?: RequestOptions,
  ): Promise<void> {
    return this.call(REQUEST.setQuota, [`${domid}`, name, `${value}`], undefined, options);
  }

  /** Asks the daemon itself; the answer is for humans. `["help"]` lists the commands. */
  control(command: readonly string[], options?: RequestOptions): Promise<string> {
    return this.call(REQUEST.control, command, undefined, options);
  }

  /** Ends all watches and transactions of this client, at the server and here. */
  async resetWatches(options?: RequestOptions): Promise<void> {
    const { transport } = this.#session;
    if (transport.traits?.shared === true) {
      const details = { what: "RESET_WATCHES", transport: transport.name };
      const message = `${transport.name}: unsupported (RESET_WATCHES would end the watches of others)`;
      throw new XenstoreError("unsupported", message, details);
    }
    this.#transactions.clear();
    this.#watches.endAll(undefined);
    await this.call(REQUEST.resetWatches, [""], undefined, options);
  }

  /**
   * A request that says nothing but its type. OCaml's daemon answers it only when more bytes come, so something
   * harmless follows.
   */
  #bare<T>(kind: RequestKind<T>, options: RequestOptions | undefined): Promise<T> {
    const reply = this.call(kind, [], undefined, options);
    this.call(REQUEST.domainPath, ["0"], undefined, undefined).catch(() => {});
    return reply;
  }

  #begin(): void {
    if (this.#session.transport.traits?.outlivesClose === true) {
      // What a predecessor on this connection left behind. Old servers do not know the request.
      this.call(REQUEST.resetWatches, [""], undefined, undefined).catch(() => {});
    }
    this.#watches.registerAll();
  }
}

/**
 * A client that is connecting; requests wait until it is ready. See {@link connect}.
 *
 * @throws XenstoreError `bad-argument` for an option that makes no sense.
 */
export const createClient = (transport: Transport, options: ClientOptions = {}): Client =>
  new Client(transport, options);

/**
 * Connects to a Xenstore.
 *
 * @throws XenstoreError `connect-failed`; with `reconnect` only when its attempts are used up. `aborted` by the signal.
 */
export const connect = async (
  transport: Transport,
  { signal, ...options }: ClientOptions & { readonly signal?: AbortSignal } = {},
): Promise<Client> => {
  const client = createClient(transport, options);
  const onAbort = (): void => client.destroy();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    await client.ready();
    return client;
  } catch (error) {
    throw signal?.aborted === true ? abortedConnect(transport, signal) : error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
};

const abortedConnect = (transport: Transport, signal: AbortSignal): XenstoreError<"aborted"> => {
  const details = { request: "-", path: undefined, txId: 0, mayHaveExecuted: false };
  const options = { cause: signal.reason as unknown };
  return new XenstoreError(
    "aborted",
    `${transport.name}: aborted (by the caller)`,
    details,
    options,
  );
};

const closedError = (): XenstoreError<"closed"> => {
  const details = { request: "-", path: undefined, txId: 0, mayHaveExecuted: false };
  return new XenstoreError("closed", "closed: the client was closed", details);
};
