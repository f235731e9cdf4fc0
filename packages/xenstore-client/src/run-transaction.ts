import { atLeast } from "./at-least.ts";
import { pauseMs } from "./backoff.ts";
import { isXenstoreError, XenstoreError } from "./client-error.ts";
import { pause } from "./pause.ts";
import type { Session } from "./session.ts";
import type { RequestOptions } from "./session-options.ts";
import type { Transaction } from "./transaction.ts";

/** How long and how often a transaction is tried. */
export interface TransactionOptions {
  /** Aborts the transaction and rejects with `aborted`, at whatever point it is. */
  readonly signal?: AbortSignal;
  /** How often it is tried before it fails with `conflict`, or as its connection was lost once more. Default 50. */
  readonly attemptsMax?: number;
}

/** Bounds of the pause before the next attempt, in milliseconds. */
const PAUSE_MIN = 1;
const PAUSE_MAX = 200;

/**
 * @internal Runs `body` in transactions until one is committed.
 *
 * A connection that is lost takes its transaction with it. Where it comes again, `body` runs again as after a
 * conflict, unless the commit was under way: then nobody knows whether it was done, and the caller must decide.
 */
export const runTransaction = async <T>(
  begin: (options: RequestOptions) => Promise<Transaction>,
  body: (tx: Transaction) => T | Promise<T>,
  { signal, attemptsMax = 50 }: TransactionOptions,
  session: Session,
): Promise<T> => {
  atLeast(1, "attemptsMax", attemptsMax);
  const options: RequestOptions = signal === undefined ? {} : { signal };
  for (let attempt = 1; ; attempt += 1) {
    let tx: Transaction | undefined;
    let committing = false;
    try {
      tx = await begin(options);
      const result = await unlessAborted(body, tx, signal);
      // Ended by its body: that was the body's decision.
      if (tx.finished) return result;
      committing = true;
      await tx.commit(options);
      return result;
    } catch (error) {
      if (committing && isXenstoreError(error, "EAGAIN")) {
        if (attempt >= attemptsMax) throw conflict(attempt, error);
      } else {
        const ended = tx === undefined || committing || (tx.ended && !tx.finished);
        if (!ended || !lostUndone(error) || !session.goesOn || attempt >= attemptsMax) throw error;
      }
    } finally {
      await tx?.abort();
    }
    const { runtime } = session;
    await pause(pauseMs(attempt - 1, PAUSE_MIN, PAUSE_MAX, runtime), signal, runtime);
  }
};

const lostUndone = (error: unknown): boolean =>
  isXenstoreError(error, "disconnected") && !error.mayHaveExecuted;

/** The body's result; or `aborted` as soon as the signal says so, even when the body never ends. */
const unlessAborted = async <T>(
  body: (tx: Transaction) => T | Promise<T>,
  tx: Transaction,
  signal: AbortSignal | undefined,
): Promise<T> => {
  if (signal === undefined) return body(tx);
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortedTransaction(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([Promise.resolve().then(() => body(tx)), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

const abortedTransaction = (signal: AbortSignal): XenstoreError<"aborted"> => {
  const details = { request: "TRANSACTION_END", path: undefined, txId: 0, mayHaveExecuted: false };
  const options = { cause: signal.reason as unknown };
  return new XenstoreError("aborted", "transaction: aborted (by the caller)", details, options);
};

const conflict = (attempts: number, cause: XenstoreError): XenstoreError<"conflict"> => {
  const message = `transaction: conflict (others were faster, ${attempts} times)`;
  return new XenstoreError("conflict", message, { attempts }, { cause });
};
