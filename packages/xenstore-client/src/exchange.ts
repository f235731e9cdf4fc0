import {
  binary,
  FrameReader,
  HEADER_SIZE,
  isWireError,
  MESSAGE,
  messageTypeName,
} from "@xenkit/xenstore-wire";
import { XenstoreError } from "./client-error.ts";
import { InFlight } from "./in-flight.ts";
import type { Request } from "./request.ts";
import { writeText } from "./text.ts";

/** What an exchange is told of its surroundings. */
export interface ExchangeOptions {
  /** Requests that are sent and not answered. */
  readonly maxInFlight: number;
  /** Requests that are not sent. */
  readonly maxQueued: number;
  /** A u32. Any: replies to whoever used the connection before are not taken for ours. */
  readonly firstReqId: number;
  /** An event of the server. */
  readonly onEvent: (path: string, token: string) => void;
}

/** Longer than the protocol's 4096 bytes: OCaml's daemon sends domain 0 its long lists whole. */
const REPLY_MAX = 1 << 18;

/**
 * The protocol without I/O: requests in, bytes out; bytes in, settled requests and events out.
 *
 * Requests wait in a queue until {@link encode} is called: then as many as may be in flight become bytes, one behind
 * the other. Replies are matched by req_id, in any order. Replies that nobody asked for are dropped.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #reader = new FrameReader(REPLY_MAX);
  readonly #inFlight: InFlight;
  #queue: Request[] = [];
  #head = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#inFlight = new InFlight(options.firstReqId);
  }

  /** Requests that are sent and not answered, those that nobody waits for any more included. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Requests that are not sent, cancelled ones included. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Whether {@link encode} has something to do. */
  get canSend(): boolean {
    return this.queued > 0 && this.#inFlight.size < this.#options.maxInFlight;
  }

  /** The request that has been in flight longest. */
  get oldest(): Request | undefined {
    const [id] = this.#inFlight.ids();
    return id === undefined ? undefined : this.#inFlight.get(id);
  }

  /** Whether a request of this kind waits for its answer. */
  awaits(type: number): boolean {
    return this.#oldestOf(type) !== 0;
  }

  /** @throws XenstoreError `overloaded`. */
  submit(request: Request): void {
    const limit = this.#options.maxQueued;
    if (this.queued >= limit) this.#forgetCancelled();
    if (this.queued >= limit && request.nature.must !== true) {
      const message = `${request.title()}: overloaded (${limit} requests wait already)`;
      throw new XenstoreError("overloaded", message, { limit });
    }
    this.#queue.push(request);
  }

  /** What `submit` is called with meanwhile comes before all that waits: what a new connection begins with. */
  first(begin: () => void): void {
    const waiting = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    begin();
    this.#queue = this.#queue.concat(waiting);
  }

  /**
   * Writes whole messages.
   *
   * @param target - Has room for the longest message.
   * @param most - How many messages at most.
   * @returns How many bytes; 0 when there is nothing to send, or nothing may be sent now.
   */
  encode(target: Uint8Array, most: number = Number.POSITIVE_INFINITY): number {
    let at = 0;
    let count = 0;
    while (count < most && this.#inFlight.size < this.#options.maxInFlight) {
      const request = this.#queue[this.#head];
      if (request === undefined) break;
      if (!request.settled || request.nature.must === true) {
        const end = this.#encodeOne(request, target, at);
        if (end === -1) break;
        at = end;
        count += 1;
      }
      this.#head += 1;
    }
    this.#compact();
    return at;
  }

  /**
   * Takes the next bytes of the stream. They may be reused when this returns.
   *
   * @throws XenstoreError `protocol`: the stream is of no use any more.
   */
  receive(chunk: Uint8Array): void {
    const reader = this.#reader;
    reader.push(chunk);
    try {
      while (reader.next()) this.#take(reader.type, reader.reqId, reader.payload);
    } catch (error) {
      if (!isWireError(error, "payload-too-long")) throw error;
      throw broken(`a header that announces ${error.details.length} bytes`, error);
    }
  }

  /**
   * The connection is gone: settles what was sent, and what means nothing on another connection. The rest stays
   * in the queue.
   */
  lose(failure: (request: Request) => unknown): void {
    this.#reader.reset();
    const lost = this.#inFlight.clear();
    const kept: Request[] = [];
    for (const request of this.#queue.slice(this.#head)) {
      const bound = request.nature.boundToConnection === true || request.txId !== 0;
      if (!request.settled || request.nature.must === true) (bound ? lost : kept).push(request);
    }
    this.#queue = kept;
    this.#head = 0;
    for (const request of lost) request.fail(failure(request));
  }

  /** Settles what was not sent. */
  dropQueue(failure: (request: Request) => unknown): void {
    const dropped = this.#queue.slice(this.#head);
    this.#queue = dropped.filter(({ nature }) => nature.must === true);
    this.#head = 0;
    for (const request of dropped) if (request.nature.must !== true) request.fail(failure(request));
  }

  /** @returns The offset behind the message; -1 when it does not fit. */
  #encodeOne(request: Request, target: Uint8Array, at: number): number {
    const { text, value } = request;
    const body = at + HEADER_SIZE;
    // A code unit takes 3 bytes at most.
    const need = text.length * 3 + (value?.length ?? 0) * (typeof value === "string" ? 3 : 1);
    if (body + need > target.length) return -1;
    let end = writeText(text, target, body);
    if (typeof value === "string") {
      end = writeText(value, target, end);
    } else if (value !== undefined) {
      target.set(value, end);
      end += value.length;
    }
    const reqId = this.#inFlight.add(request);
    putU32(target, at, request.kind.type);
    putU32(target, at + 4, reqId);
    putU32(target, at + 8, request.txId);
    putU32(target, at + 12, end - body);
    request.sent = true;
    return end;
  }

  #forgetCancelled(): void {
    const waiting = this.#queue.slice(this.#head);
    this.#queue = waiting.filter(({ settled, nature }) => !settled || nature.must === true);
    this.#head = 0;
  }

  #compact(): void {
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  #take(type: number, reqId: number, payload: Uint8Array): void {
    if (type === MESSAGE.watchEvent) {
      this.#event(payload);
      return;
    }
    const key = reqId === 0 ? this.#unnamed(type) : reqId;
    const request = this.#inFlight.get(key);
    if (request === undefined) return;
    if (type === request.kind.type) {
      this.#inFlight.remove(key);
      request.answer(payload);
    } else if (type === MESSAGE.error) {
      this.#inFlight.remove(key);
      request.refuse(errorName(payload));
    } else {
      throw broken(`a reply of type ${messageTypeName(type) ?? type} to ${request.title()}`);
    }
  }

  /** The kernel's xenbus device answers WATCH and UNWATCH with req_id 0: the oldest of them is meant. */
  #unnamed(type: number): number {
    return type === MESSAGE.watch || type === MESSAGE.unwatch ? this.#oldestOf(type) : 0;
  }

  /** The req_id of the oldest request of a type; 0 when there is none. */
  #oldestOf(type: number): number {
    const all = this.#inFlight;
    return all.ids().find((id) => all.get(id)?.kind.type === type) ?? 0;
  }

  #event(payload: Uint8Array): void {
    const pathEnd = payload.indexOf(0);
    const tokenEnd = pathEnd === -1 ? -1 : payload.indexOf(0, pathEnd + 1);
    if (tokenEnd === -1) throw broken("an event without path and token");
    this.#options.onEvent(binary(payload, 0, pathEnd), binary(payload, pathEnd + 1, tokenEnd));
  }
}

const ERROR_NAME = /^[!-~]{1,64}$/;

/** The name without its NUL; one that is no name becomes `?`. */
const errorName = (payload: Uint8Array): string => {
  const end = payload.indexOf(0);
  const name = binary(payload, 0, Math.min(end === -1 ? payload.length : end, 65));
  return ERROR_NAME.test(name) ? name : "?";
};

const broken = (where: string, cause?: unknown): XenstoreError<"protocol"> =>
  new XenstoreError("protocol", `protocol: the server sent ${where}`, { where }, { cause });

const putU32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
};
