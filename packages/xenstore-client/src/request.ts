import { MESSAGE, WIRE_ERRNO, type WireErrorName } from "@xenkit/xenstore-wire";
import {
  type FailedRequest,
  type Unanswered,
  XenstoreError,
  type XenstoreErrorCode,
} from "./client-error.ts";

/** A kind of request: adding one is adding a line to `request-kinds.ts`. */
export interface RequestKind<T> {
  readonly type: number;
  /** The protocol's name. */
  readonly name: string;
  /** Whether its first argument is a path. */
  readonly hasPath: boolean;
  /**
   * Reads a reply that is no error.
   *
   * @throws XenstoreError `protocol`.
   */
  readonly reply: (payload: Uint8Array) => T;
}

/** How a request is to be treated, apart from what it says. */
export interface RequestNature {
  /** Means nothing on another connection: fails with this one, even when it was not sent. */
  readonly boundToConnection?: true;
  /** Is sent whatever the caller does, and past the limit of the queue. */
  readonly must?: true;
  /** Called with a good reply when nobody waits for it any more. */
  readonly late?: (payload: Uint8Array) => void;
}

/** One request from its making until its promise is settled, which happens exactly once. */
export class Request<T = unknown> {
  readonly kind: RequestKind<T>;
  readonly txId: number;
  /** The arguments, each ended by a NUL; bytes. */
  readonly text: string;
  /** What follows the arguments. */
  readonly value: string | Uint8Array | undefined;
  readonly nature: RequestNature;
  readonly promise: Promise<T>;
  /** Bytes of it may have left. */
  sent = false;
  settled = false;
  /** Called once, when it is settled. */
  onSettled: (() => void) | undefined;
  /** Takes a T. */
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(
    kind: RequestKind<T>,
    txId: number,
    text: string,
    value: string | Uint8Array | undefined,
    nature: RequestNature,
  ) {
    this.kind = kind;
    this.txId = txId;
    this.text = text;
    this.value = value;
    this.nature = nature;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve as (value: unknown) => void;
      this.#reject = reject;
    });
  }

  /** The reply has come. */
  answer(payload: Uint8Array): void {
    if (this.settled) {
      this.nature.late?.(payload);
      return;
    }
    let value: T;
    try {
      value = this.kind.reply(payload);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#settle();
    this.#resolve(value);
  }

  /** An ERROR reply has come. */
  refuse(name: string): void {
    if (this.settled) return;
    const code: WireErrorName | "other" = Object.hasOwn(WIRE_ERRNO, name)
      ? (name as WireErrorName)
      : "other";
    const details = { ...this.describe(), name };
    this.fail(new XenstoreError(code, `${this.title()}: ${name}`, details));
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#reject(error);
  }

  /** A failure without an answer. */
  unanswered<C extends "closed" | "disconnected" | "aborted">(
    code: C,
    why: string,
    options?: ErrorOptions,
  ): XenstoreError {
    const details = this.unansweredDetails(code);
    const done = details.mayHaveExecuted ? "it may have been done" : "it was not done";
    const message = `${this.title()}: ${code} (${why}; ${done})`;
    return new XenstoreError<XenstoreErrorCode>(code, message, details, options);
  }

  unansweredDetails(code: "closed" | "disconnected" | "aborted" | "timeout"): Unanswered {
    // What a transaction did is dropped with its connection, unless it was just being committed. So is its beginning.
    const effective =
      this.kind.type === MESSAGE.transactionEnd ||
      (this.txId === 0 && this.kind.type !== MESSAGE.transactionStart);
    // What must be sent still will be, even when its caller waits no more.
    const calledOff = code === "aborted" || code === "timeout";
    const sent = this.sent || (calledOff && this.nature.must === true);
    return { ...this.describe(), mayHaveExecuted: sent && effective };
  }

  describe(): FailedRequest {
    const path = this.kind.hasPath ? this.text.slice(0, this.text.indexOf("\0")) : undefined;
    return { request: this.kind.name, path, txId: this.txId };
  }

  /** For messages: `READ /local`. */
  title(): string {
    const first = this.text.slice(0, Math.max(0, this.text.indexOf("\0")));
    return first === "" ? this.kind.name : `${this.kind.name} ${first}`;
  }

  #settle(): void {
    this.settled = true;
    this.onSettled?.();
    this.onSettled = undefined;
  }
}
