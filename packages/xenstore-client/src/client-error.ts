import type { WireErrorName } from "@xenkit/xenstore-wire";

/** What was asked when it failed. */
export interface FailedRequest {
  /** The protocol's name: `READ`. */
  readonly request: string;
  /** The path as it was given, of a request that has one. */
  readonly path: string | undefined;
  /** The transaction it belonged to; 0 for none. */
  readonly txId: number;
}

/** A server's refusal. */
export interface Refusal extends FailedRequest {
  /** The name that the server sent, known or not: `EQUOTA` of an OCaml daemon. */
  readonly name: string;
}

/** A request that got no answer. */
export interface Unanswered extends FailedRequest {
  /**
   * Whether the server may have done it. False: it certainly did not. A request of a transaction that is lost
   * with its connection was not done.
   */
  readonly mayHaveExecuted: boolean;
}

/** What the client itself finds wrong: one line per kind. */
export interface OwnErrorDetails {
  /** The server sent an error name that is none of the protocol's; it stands in `name`. */
  readonly other: Refusal;
  /** The client was closed by its owner. */
  readonly closed: Unanswered;
  /** The connection was lost. `cause` says why. */
  readonly disconnected: Unanswered;
  /** The transport could not be opened. `cause` says why. */
  readonly "connect-failed": { readonly transport: string };
  /** A time-out of the caller's. */
  readonly timeout: Unanswered & { readonly afterMs: number };
  /** The caller's signal. `cause` is its reason. */
  readonly aborted: Unanswered;
  /** The server broke the protocol, at this place. */
  readonly protocol: { readonly where: string };
  /** More than a message, a path or a list may have, in bytes; or a tree, in nodes. */
  readonly "too-long": { readonly what: string; readonly length: number; readonly limit: number };
  /** An argument that no server could take, for example a NUL in a path; an option that makes no sense. */
  readonly "bad-argument": { readonly what: string };
  /** More requests wait than `maxQueued` allows. */
  readonly overloaded: { readonly limit: number };
  /** A watch with `overflow: "error"` was not read fast enough. */
  readonly "queue-overflow": { readonly path: string; readonly limit: number };
  /** A transaction, or a listing in parts, met a change of others each time. `cause` is the last. */
  readonly conflict: { readonly attempts: number };
  /** A transaction was used after its end. */
  readonly "transaction-ended": FailedRequest;
  /** Not over this transport. */
  readonly unsupported: { readonly what: string; readonly transport: string };
}

/** What each kind of failure carries. */
export type XenstoreErrorDetails = { readonly [K in WireErrorName]: Refusal } & OwnErrorDetails;

/** The protocol's error names, and the client's own kinds. */
export type XenstoreErrorCode = keyof XenstoreErrorDetails;

/** Any failure of the client. */
export class XenstoreError<C extends XenstoreErrorCode = XenstoreErrorCode> extends Error {
  override readonly name = "XenstoreError";
  readonly code: C;
  readonly details: XenstoreErrorDetails[C];

  constructor(code: C, message: string, details: XenstoreErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /**
   * Whether the server may have done what was asked. False for refusals, and for what was never sent.
   */
  get mayHaveExecuted(): boolean {
    const details: object = this.details;
    return "mayHaveExecuted" in details && details.mayHaveExecuted === true;
  }
}

/** Tells a {@link XenstoreError} from other errors; of one kind, when `code` is given. */
export const isXenstoreError = <C extends XenstoreErrorCode = XenstoreErrorCode>(
  error: unknown,
  code?: C,
): error is XenstoreError<C> =>
  error instanceof XenstoreError && (code === undefined || error.code === code);
