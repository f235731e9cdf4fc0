/**
 * How bytes come and go. A transport can be opened again: that is what reconnecting does.
 *
 * It calls back rather than being an async iterable: a chunk then costs no promise, and its bytes may be reused.
 */
export interface Transport {
  /** For messages of errors, for example `unix:/run/xenstored/socket`. */
  readonly name: string;
  /** How it differs from a plain byte stream. */
  readonly traits?: TransportTraits;
  /**
   * Opens a connection. Calls back later, never before it has returned.
   *
   * @throws Anything: the client then reports `connect-failed`.
   */
  open(peer: TransportPeer): Link;
}

/** What a transport asks of the client. Left out: no. */
export interface TransportTraits {
  /** Every call of {@link Link.send} must carry exactly one message. */
  readonly oneMessagePerSend?: true;
  /** Header and payload together, in bytes. Left out: 16 + 4096. */
  readonly messageMax?: number;
  /** The server does not learn of a close: watches and transactions must be taken back one by one. */
  readonly outlivesClose?: true;
  /** Others use the same connection: what resets it is not for us. */
  readonly shared?: true;
  /** Better than the runtime's `soon`, where the platform knows one. */
  readonly soon?: (callback: () => void) => void;
}

/** What a transport tells the client. */
export interface TransportPeer {
  /** Once, first: bytes may be sent. */
  opened(): void;
  /** The next bytes of the stream, split anywhere. They may be reused when the call returns. */
  received(chunk: Uint8Array): void;
  /** After {@link Link.send} returned false: the bytes are let go, the next may be sent. */
  writable(): void;
  /** Once, last: the connection is gone, or never came to be. Not after {@link Link.close}. */
  closed(cause?: unknown): void;
}

/** The sending half of an open connection. */
export interface Link {
  /**
   * Sends whole messages.
   *
   * @returns True when the bytes are no longer needed. False when they are, until `writable()`: nothing may be sent
   * before.
   */
  send(bytes: Uint8Array): boolean;
  /** Closes at once. Calls nothing back. */
  close(): void;
}
