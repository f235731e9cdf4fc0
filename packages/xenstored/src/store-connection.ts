/** Why the daemon gave up on a connection. */
export type CloseReason =
  /** A message longer than the protocol allows. */
  | "protocol"
  /** More events wait than a connection may leave unread. */
  | "overflow"
  /** Its domain was released or has died. */
  | "released";

/**
 * What a connection tells its rim. Called in the middle of a request: take note, act when the daemon has returned.
 */
export interface ConnectionSink {
  /** There is output, or requests that had to wait need not any more. May be called again before it was taken. */
  output(): void;
  /** The daemon has let the connection go; what is in its output may still be written. Called once. */
  closed(reason: CloseReason): void;
}

/** The bytes that a connection has not been given yet. */
export interface Output {
  /** How many wait. */
  readonly length: number;
  /** They as a view: valid until the next change. */
  peek(): Uint8Array;
  /** Copies them, as far as `target` goes. @returns How many. */
  copyTo(target: Uint8Array): number;
  /** Takes all of them out. They are the caller's. */
  take(): Uint8Array;
  /** Drops the first `count`: they have been written. */
  consume(count: number): void;
  /** Drops all of them. */
  clear(): void;
}

/**
 * One client of the daemon: bytes in by {@link receive}, bytes out by {@link output}.
 *
 * Requests are answered in the order received. While a client leaves its replies unread its requests are not looked
 * at: {@link paused} says so, and {@link resume} goes on.
 */
export interface StoreConnection {
  readonly kind: "socket" | "guest";
  /** The domain that it acts for. */
  readonly domid: number;
  /** Nothing is read or written any more. */
  readonly closed: boolean;
  /** Whether requests wait until output is taken: the rim should not read on, and call {@link resume} then. */
  readonly paused: boolean;
  readonly output: Output;
  /**
   * Takes bytes from the client, split anywhere, and answers the requests that they complete.
   *
   * The bytes must not change while the connection is {@link paused}. Must not be called from a sink.
   */
  receive(chunk: Uint8Array): void;
  /** Answers requests that waited. To be called after output was taken. */
  resume(): void;
  /**
   * Gives requests back that wait, so that the rim need not keep them: they are to be received again.
   *
   * @returns How many bytes of the last chunk were not looked at.
   */
  unread(): number;
  /** Begins anew, as for a new client: watches, transactions, what was received or is to be sent are dropped. */
  restart(): void;
  /** The client has gone: watches and transactions are dropped. */
  close(): void;
}
