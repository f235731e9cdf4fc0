import { atLeast } from "./at-least.ts";
import type { Client } from "./client.ts";
import { isXenstoreError, XenstoreError } from "./client-error.ts";

/** How long to wait. */
export interface WaitOptions {
  /** Rejects with `aborted`. */
  readonly signal?: AbortSignal;
  /** Rejects with `timeout` after so many milliseconds. */
  readonly timeoutMs?: number;
}

/** @internal Reads a node now and after each change, until `predicate` likes its value. */
export const waitFor = async (
  client: Client,
  path: string,
  predicate: (value: string | undefined) => boolean,
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: WaitOptions,
): Promise<string | undefined> => {
  atLeast(0, "timeoutMs", timeoutMs);
  const inTime = new AbortController();
  const cancel =
    timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : client.runtime.after(timeoutMs, () => inTime.abort(timedOut(path, timeoutMs)));
  const either = signal === undefined ? inTime.signal : AbortSignal.any([signal, inTime.signal]);
  try {
    await using watch = client.watch(path, { signal: either, queueMax: 1 });
    for await (const event of watch) {
      if (event.path !== path) continue;
      const value = await client.read(path, { signal: either }).catch(missing);
      // The watch comes again with the next connection, or ends with this one.
      if (value === LOST) continue;
      if (predicate(value)) return value;
    }
  } catch (error) {
    throw inTime.signal.aborted && isXenstoreError(error, "aborted") ? inTime.signal.reason : error;
  } finally {
    cancel?.();
  }
  const details = { request: "WATCH", path, txId: 0, mayHaveExecuted: false };
  throw new XenstoreError("closed", `waiting for ${path}: closed`, details);
};

const LOST: unique symbol = Symbol("lost");

const missing = (error: unknown): undefined | typeof LOST => {
  if (isXenstoreError(error, "disconnected")) return LOST;
  if (isXenstoreError(error, "ENOENT")) return undefined;
  throw error;
};

const timedOut = (path: string, afterMs: number): XenstoreError<"timeout"> => {
  const details = { request: "WATCH", path, txId: 0, mayHaveExecuted: false, afterMs };
  return new XenstoreError("timeout", `waiting for ${path}: timeout (${afterMs} ms)`, details);
};
