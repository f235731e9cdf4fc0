/** What moves the bytes: the system's own calls, or Node's sockets. */
export type Engine = "epoll" | "libuv";

/** A socket that is served. */
export interface UnixServer extends AsyncDisposable {
  readonly path: string;
  readonly io: Engine;
  /** Clients now. */
  readonly clients: number;
  /** Hangs up on all clients and removes the socket. */
  close(): Promise<void>;
}
