import type { Link, Transport, TransportPeer } from "./transport.ts";

/** How a WebSocket is opened. */
export interface WebSocketOptions {
  readonly protocols?: readonly string[];
  /** Default: the platform's. */
  readonly WebSocket?: typeof globalThis.WebSocket;
}

/** A Xenstore behind a WebSocket: its binary messages are the byte stream, cut anywhere. */
export const websocket = (url: string | URL, options: WebSocketOptions = {}): Transport => ({
  // What comes behind the path may be a secret, and this stands in messages.
  name: `websocket:${String(url).split("?", 1)[0]}`,
  open: (peer) => openWebSocket(url, options, peer),
});

const openWebSocket = (
  url: string | URL,
  { protocols = [], WebSocket = globalThis.WebSocket }: WebSocketOptions,
  peer: TransportPeer,
): Link => {
  const socket = new WebSocket(url, [...protocols]);
  let failure: Error | undefined;
  let ended = false;
  const end = (cause: unknown): void => {
    if (ended) return;
    ended = true;
    peer.closed(cause);
  };
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => peer.opened());
  socket.addEventListener("message", ({ data }: { readonly data: unknown }) => {
    if (data instanceof ArrayBuffer) {
      peer.received(new Uint8Array(data));
    } else {
      socket.close();
      end(new Error("a message of text; Xenstore is bytes"));
    }
  });
  socket.addEventListener("error", () => {
    failure = new Error("the WebSocket failed");
  });
  socket.addEventListener("close", ({ code, reason }) => {
    end(failure ?? new Error(`closed with code ${code}${reason === "" ? "" : `: ${reason}`}`));
  });
  return {
    send: (bytes) => {
      // What may be in flight bounds what can pile up here.
      socket.send(bytes.slice());
      return true;
    },
    close: () => {
      ended = true;
      socket.close();
    },
  };
};
