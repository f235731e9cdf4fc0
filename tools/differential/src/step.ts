/** A client: `s0`… on a socket, `g1`… domain 1 behind its ring. */
export type Place = string;

/**
 * A transaction id: a number as it is, or `t0`, `t1`…: one of those that the client has open (counted modulo their
 * number), 0 when none is.
 */
export type TransactionRef = number | string;

/** One request. */
export interface PlannedRequest {
  readonly type: number;
  readonly tx: TransactionRef;
  /** A binary string. */
  readonly payload: string;
}

/** One action; after it everything comes to rest. Plain data, so that a sequence can be written down. */
export type Step =
  /** Requests in one write; in two when `splitAt` is given: so many bytes first. */
  | {
      readonly do: "ask";
      readonly on: Place;
      readonly requests: readonly PlannedRequest[];
      readonly splitAt?: number;
    }
  /** Bytes that are no message, then the client hangs up unless the daemon did. Sockets only. */
  | { readonly do: "junk"; readonly on: Place; readonly bytes: string }
  /** The client hangs up; the next step on it connects anew. */
  | { readonly do: "hang-up"; readonly on: Place }
  /** The hypervisor changes a domain and raises the VIRQ. What cannot be is left out. */
  | { readonly do: "create" | "shut-down" | "die" | "destroy"; readonly domid: number };

/** One run on a fresh daemon. */
export interface Sequence {
  /** The daemon runs with small limits, so that they are met. */
  readonly tight: boolean;
  readonly steps: readonly Step[];
}

/** The domains that exist at the start. */
export const DOMAINS: readonly number[] = [1, 2, 3];

/** Those that are introduced at the start, and own their home. */
export const INTRODUCED: readonly number[] = [1, 2];

/** Every domid that can come to be. */
export const DOMIDS: readonly number[] = [1, 2, 3, 4];

export const isGuest = (place: Place): boolean => place.startsWith("g");
