import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Message } from "@xenkit/xenstore-wire";
import { MessageQueue } from "./message-queue.ts";
import { OracleError } from "./oracle-error.ts";
import type { Peer } from "./peer.ts";

/** A connection to any daemon's unix socket. It adds nothing to what is sent, and checks only the framing. */
export class SocketConnection implements Peer, AsyncDisposable {
  readonly #socket: Socket;
  readonly #queue = new MessageQueue();
  /** Settles when either side has closed it. */
  readonly closed: Promise<void>;

  /** @internal */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#queue.push(chunk));
    socket.on("error", (error) => this.#queue.fail(error));
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#queue.fail(new OracleError("closed", "the socket is closed", { what: "socket" }));
        resolve();
      });
    });
  }

  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error == null ? resolve() : reject(error)));
    });
  }

  receive({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Message> {
    return this.#queue.receive(signal);
  }

  take(): Message | undefined {
    return this.#queue.take();
  }

  close(): Promise<void> {
    this.#socket.destroy();
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Connects to a daemon's socket.
 *
 * @throws The error of the system (`ENOENT`, `ECONNREFUSED`).
 */
export const connectSocket = async (path: string): Promise<SocketConnection> => {
  const socket = connect(path);
  await once(socket, "connect");
  return new SocketConnection(socket);
};
