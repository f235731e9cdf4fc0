import type { Reply, RequestType } from "./request.ts";

/** More bytes of requests and replies than this are not kept. */
const BYTES_MAX = 256 << 10;
/** Nor more requests. */
const REQUESTS_MAX = 8192;
const FIRST_SIZE = 256;

/** One request that a transaction was asked, and what it answered. */
export interface LoggedRequest {
  readonly type: RequestType;
  readonly payload: Uint8Array;
  readonly reply: Reply;
}

interface Entry {
  readonly type: RequestType;
  readonly from: number;
  /** Where the payload ends and the reply begins. */
  readonly middle: number;
  readonly to: number;
  /** Undefined: the reply is in the bytes. */
  readonly error: Extract<Reply, string> | undefined;
}

/** What a transaction was asked and has answered: all of it, or nothing once it is too much. */
export class TransactionLog {
  #bytes = new Uint8Array(FIRST_SIZE);
  #length = 0;
  #entries: Entry[] | undefined = [];

  /** Whether everything is there. */
  get complete(): boolean {
    return this.#entries !== undefined;
  }

  /** Keeps copies. */
  add(type: RequestType, payload: Uint8Array, reply: Reply): void {
    const entries = this.#entries;
    if (entries === undefined) return;
    const from = this.#length;
    const error = typeof reply === "string" ? reply : undefined;
    const bytes = typeof reply === "string" ? undefined : reply;
    const middle = from + payload.length;
    const to = middle + (bytes?.length ?? 0);
    if (to > BYTES_MAX || entries.length === REQUESTS_MAX) {
      this.#entries = undefined;
      this.#bytes = new Uint8Array(0);
      return;
    }
    this.#reserve(to);
    this.#bytes.set(payload, from);
    if (bytes !== undefined) this.#bytes.set(bytes, middle);
    this.#length = to;
    entries.push({ type, from, middle, to, error });
  }

  *[Symbol.iterator](): Generator<LoggedRequest> {
    for (const { type, from, middle, to, error } of this.#entries ?? []) {
      const payload = this.#bytes.subarray(from, middle);
      yield { type, payload, reply: error ?? this.#bytes.subarray(middle, to) };
    }
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
