import { isXenstoreError, XenstoreError } from "./client-error.ts";
import type { RequestKind, RequestNature } from "./request.ts";
import { REQUEST } from "./request-kinds.ts";
import type { Session } from "./session.ts";
import type { RequestOptions } from "./session-options.ts";
import { StoreRequests } from "./store-requests.ts";

/** @internal What a transaction and its client share; the part that outlives a handle which is thrown away. */
export interface TransactionRecord {
  readonly session: Session;
  readonly txId: number;
  readonly epoch: number;
  /** The client's transactions that the server has open, as far as we asked. This one is among them until its end. */
  readonly open: Set<TransactionRecord>;
}

const END: RequestNature = { must: true, boundToConnection: true };

/**
 * A transaction that the server has begun. Its reads see its writes; others see nothing of them before
 * {@link commit}, which fails with `EAGAIN` when others changed what it looked at.
 *
 * Disposed of, or thrown away, without a commit it is aborted.
 */
export class Transaction extends StoreRequests implements AsyncDisposable {
  readonly #record: TransactionRecord;
  #finished = false;

  /** @internal */
  constructor(record: TransactionRecord) {
    super();
    this.#record = record;
    abandoned.register(this, record, record);
  }

  /** Whether {@link commit} or {@link abort} was called, or the connection is gone. */
  get ended(): boolean {
    return !isOpen(this.#record);
  }

  /** @internal Whether {@link commit} or {@link abort} was called: it has not just ended with its connection. */
  get finished(): boolean {
    return this.#finished;
  }

  /** @internal */
  override call<T>(
    kind: RequestKind<T>,
    args: readonly string[],
    value: string | Uint8Array | undefined,
    options: RequestOptions | undefined,
  ): Promise<T> {
    const { session, txId } = this.#record;
    if (!isOpen(this.#record)) return Promise.reject(this.#over(kind, args[0]));
    return session.call(kind, txId, args, value, options);
  }

  /**
   * Makes it so, all or nothing.
   *
   * @throws XenstoreError `EAGAIN` when others were faster: begin anew. After `aborted` and `timeout` it may have
   * been done.
   */
  commit(options?: RequestOptions): Promise<void> {
    if (!isOpen(this.#record)) return Promise.reject(this.#over(REQUEST.transactionEnd, undefined));
    this.#finished = true;
    if (options?.signal?.aborted === true) {
      // Never asked for, so it must not happen; nor may it stay open.
      void this.abort();
    }
    abandoned.unregister(this.#record);
    return isOpen(this.#record) ? end(this.#record, "T", options) : this.#cancelled(options);
  }

  /** Forgets it. Does nothing when it has ended. Never rejects. */
  async abort(): Promise<void> {
    this.#finished = true;
    abandoned.unregister(this.#record);
    await abort(this.#record);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  #cancelled(options: RequestOptions | undefined): Promise<never> {
    const details = { request: "TRANSACTION_END", path: undefined, txId: this.#record.txId };
    const failure = { ...details, mayHaveExecuted: false };
    const cause = options?.signal?.reason as unknown;
    const message = "TRANSACTION_END: aborted (by the caller; it was not done)";
    return Promise.reject(new XenstoreError("aborted", message, failure, { cause }));
  }

  #over({ name, hasPath }: RequestKind<unknown>, first: string | undefined): XenstoreError {
    const { session, epoch, txId } = this.#record;
    const details = { request: name, path: hasPath ? first : undefined, txId };
    if (!this.#finished && (session.closing || session.epoch !== epoch)) {
      const [code, why] = session.closing
        ? (["closed", "the client was closed"] as const)
        : (["disconnected", "the transaction was lost with its connection"] as const);
      const message = `${name}: ${code} (${why}; it was not done)`;
      return new XenstoreError(code, message, { ...details, mayHaveExecuted: false });
    }
    return new XenstoreError("transaction-ended", `${name}: the transaction has ended`, details);
  }
}

const isOpen = (record: TransactionRecord): boolean =>
  record.open.has(record) && record.session.epoch === record.epoch;

const end = (
  record: TransactionRecord,
  how: "T" | "F",
  options: RequestOptions | undefined,
): Promise<void> => {
  record.open.delete(record);
  const { session, txId } = record;
  return session.call(REQUEST.transactionEnd, txId, [how], undefined, options, END);
};

/** @internal Takes a transaction back from the server. Never rejects. */
export const abort = async (record: TransactionRecord): Promise<void> => {
  if (!isOpen(record)) return;
  try {
    await end(record, "F", undefined);
  } catch (error) {
    // Whatever it is, the server has it no more: it refuses only what it does not know.
    if (!isXenstoreError(error)) throw error;
  }
};

/** Handles that were thrown away without an end. */
const abandoned = new FinalizationRegistry<TransactionRecord>((record) => {
  void abort(record);
});
