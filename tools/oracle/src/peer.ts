import { encodeMessage, MESSAGE, type Message } from "@xenkit/xenstore-wire";

/** One client of a daemon, on a socket or a ring: bytes out, messages in. */
export interface Peer {
  /**
   * Sends bytes: a message, many, a part of one, or junk.
   *
   * Settles when they have left for the daemon.
   */
  send(bytes: Uint8Array): Promise<void>;
  /** The next message of the daemon. Rejects when the connection ends first, or when `signal` says so. */
  receive(options?: { readonly signal?: AbortSignal }): Promise<Message>;
  /** The next message, if one is here already. */
  take(): Message | undefined;
}

/** What came of one request. */
export interface Exchange {
  /** Events that came before the reply. */
  readonly events: readonly Message[];
  readonly reply: Message;
}

/** Sends one message and waits for the reply: the next message that is no event. */
export const exchange = async (peer: Peer, message: Message): Promise<Exchange> => {
  await peer.send(encodeMessage(message));
  const events: Message[] = [];
  for (;;) {
    const next = await peer.receive();
    if (next.type !== MESSAGE.watchEvent) return { events, reply: next };
    events.push(next);
  }
};
