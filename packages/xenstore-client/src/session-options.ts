import { atLeast } from "./at-least.ts";
import type { Runtime } from "./runtime.ts";
import type { ReconnectOptions } from "./status.ts";

/** Times in milliseconds; `Infinity` for none. */
export interface ClientOptions {
  /** Requests that are sent and not answered. Default 128. A guest's server stops reading at 20 (its quota). */
  readonly maxInFlight?: number;
  /** Requests that wait to be sent; one more fails with `overloaded`. Default 65,536. */
  readonly maxQueued?: number;
  /** How long opening may take. Default 10,000. */
  readonly connectMs?: number;
  /**
   * How long a request may be without its answer, whatever else the server sends: then the connection counts as lost,
   * within twice that time. Not while a CONTROL request is under way. Default 60,000.
   */
  readonly silenceMs?: number;
  /** How long `close()` waits for answers. Default 5,000. */
  readonly closeMs?: number;
  /** Connect again after a loss, and register the watches again. Left out: a lost client is closed. */
  readonly reconnect?: ReconnectOptions;
  /** Randomness and timers. Default: the platform's. */
  readonly runtime?: Runtime;
}

/** How long a request may take. */
export interface RequestOptions {
  /** Rejects with `aborted`; what was not sent never is. */
  readonly signal?: AbortSignal;
  /** Rejects with `timeout` after so many milliseconds; what was not sent never is. */
  readonly timeoutMs?: number;
}

/** @internal @throws XenstoreError `bad-argument`. */
export const checkOptions = (options: ClientOptions): void => {
  const { maxInFlight, maxQueued, connectMs, silenceMs, closeMs, reconnect } = options;
  atLeast(1, "maxInFlight", maxInFlight);
  atLeast(1, "maxQueued", maxQueued);
  atLeast(0, "connectMs", connectMs);
  atLeast(0, "silenceMs", silenceMs);
  atLeast(0, "closeMs", closeMs);
  atLeast(0, "reconnect.minMs", reconnect?.minMs);
  atLeast(0, "reconnect.maxMs", reconnect?.maxMs);
  atLeast(1, "reconnect.maxAttempts", reconnect?.maxAttempts);
};
