import type { XenstoreError } from "./client-error.ts";

/**
 * The life of a client.
 *
 * ```
 *   connecting ──opened──▶ ready ──gone──▶ lost ──after a pause──▶ connecting
 *       │ failed             │ close()       │ close()
 *       ▼                    ▼               ▼
 *     lost, or closed      closed          closed
 * ```
 *
 * - `connecting`: the transport is being opened. Requests wait.
 * - `ready`: requests are sent.
 * - `lost`: only with `reconnect`: the connection is gone, the next attempt comes after a pause. What was in flight
 *   has failed; requests wait.
 * - `closed`: for ever; by {@link Client.close}, or for want of a connection. Requests fail.
 */
export type ClientStatus =
  | { readonly status: "connecting" /** 1 for the first. */; readonly attempt: number }
  | { readonly status: "ready" }
  | {
      readonly status: "lost";
      readonly error: XenstoreError;
      /** When the next attempt is made. */
      readonly retryInMs: number;
    }
  | {
      readonly status: "closed" /** Undefined after `close()`. */;
      readonly error: XenstoreError | undefined;
    };

/** How often a lost connection is tried again. */
export interface ReconnectOptions {
  /** Upper bound of the first pause; it doubles each time. Default 50. */
  readonly minMs?: number;
  /** Upper bound of any pause. Default 5000. */
  readonly maxMs?: number;
  /** Attempts in a row without success before the client is closed. Default: no limit. */
  readonly maxAttempts?: number;
}
