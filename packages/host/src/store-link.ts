import type { CloseReason, StoreDaemon } from "@xenkit/xenstored";

/** A client of the Xenstore daemon without a socket: bytes of the protocol, both ways. */
export interface StoreLink extends Disposable {
  /** Takes requests, split anywhere. What they are answered is handed out before this returns. */
  send(bytes: Uint8Array): void;
  readonly closed: boolean;
  close(): void;
}

/** What a link tells its client. */
export interface StoreLinkListener {
  /** Replies and events, as they are: frames may be split or joined. The bytes are the listener's. */
  readonly bytes: (bytes: Uint8Array) => void;
  /** The daemon has given the client up. Not called for `close()`. */
  readonly closed?: (reason: CloseReason) => void;
}

/**
 * Connects a client that acts for dom0, as one on the socket does.
 *
 * @param defer - Runs a function soon, after the present code has returned: for events that others cause.
 */
export const openStoreLink = (
  daemon: StoreDaemon,
  listener: StoreLinkListener,
  defer: (task: () => void) => void,
): StoreLink => {
  let scheduled = false;
  let ending: CloseReason | undefined;

  const flush = (): void => {
    scheduled = false;
    while (connection.output.length > 0) {
      listener.bytes(connection.output.take());
      connection.resume();
    }
    const reason = ending;
    ending = undefined;
    if (reason !== undefined) listener.closed?.(reason);
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    defer(flush);
  };
  const connection = daemon.connect({
    output: schedule,
    closed: (reason) => {
      ending = reason;
      schedule();
    },
  });
  const close = (): void => connection.close();
  return {
    send: (bytes) => {
      // The daemon keeps what it cannot answer yet, so it must have bytes of its own.
      connection.receive(bytes.slice());
      flush();
    },
    get closed() {
      return connection.closed;
    },
    close,
    [Symbol.dispose]: close,
  };
};
