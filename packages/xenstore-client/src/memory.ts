import type { Link, Transport } from "./transport.ts";

/** A daemon in the same process, as `host.store` of `@xenkit/host` is one. */
export interface MemoryServer {
  /** Connects a client: bytes of the protocol, both ways. */
  connect(listener: MemoryListener): MemoryLink;
}

/** What the daemon tells its client. */
export interface MemoryListener {
  /** Replies and events; the bytes are the client's. */
  readonly bytes: (bytes: Uint8Array) => void;
  /** The daemon has given the client up. Not called for `close()`. */
  readonly closed?: (reason: string) => void;
}

/** What the client asks of the daemon. */
export interface MemoryLink {
  /** Takes requests; the bytes are the client's again when it returns. */
  send(bytes: Uint8Array): void;
  close(): void;
}

/** A daemon in the same process: no socket, no timer, no copy but its own. */
export const memory = (server: MemoryServer): Transport => ({
  name: "memory",
  open: (peer): Link => {
    let closed = false;
    const link = server.connect({
      bytes: (bytes) => peer.received(bytes),
      closed: (reason) => peer.closed(new Error(reason)),
    });
    queueMicrotask(() => {
      if (!closed) peer.opened();
    });
    return {
      send: (bytes) => {
        link.send(bytes);
        return true;
      },
      close: () => {
        closed = true;
        link.close();
      },
    };
  },
});
