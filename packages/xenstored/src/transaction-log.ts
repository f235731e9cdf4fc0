import { OK, type Reply, type RequestType } from "./request.ts";

/** More bytes of requests and replies than this are not kept. */
const BYTES_MAX = 256 << 10;
/** Nor more requests. */
const REQUESTS_MAX = 8192;

/** One request that a transaction was asked, and what it answered. */
export interface LoggedRequest {
  readonly type: RequestType;
  readonly payload: Uint8Array;
  readonly reply: Reply;
}

/** What a transaction was asked and has answered: all of it, or nothing once it is too much. */
export class TransactionLog {
  #requests: LoggedRequest[] | undefined = [];
  #bytes = 0;

  /** Whether everything is there. */
  get complete(): boolean {
    return this.#requests !== undefined;
  }

  /** Keeps copies. */
  add(type: RequestType, payload: Uint8Array, reply: Reply): void {
    const requests = this.#requests;
    if (requests === undefined) return;
    this.#bytes += payload.length + reply.length;
    if (this.#bytes > BYTES_MAX || requests.length === REQUESTS_MAX) {
      this.#requests = undefined;
      return;
    }
    // Small arrays lie in the heap: copies cost less than a buffer of the log's own.
    const kept = typeof reply === "string" || reply === OK ? reply : reply.slice();
    requests.push({ type, payload: payload.slice(), reply: kept });
  }

  [Symbol.iterator](): Iterator<LoggedRequest> {
    return (this.#requests ?? []).values();
  }
}
