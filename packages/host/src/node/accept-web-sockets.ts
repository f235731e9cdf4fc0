import { randomBytes } from "node:crypto";
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Host } from "../host.ts";
import { HostError } from "../host-error.ts";
import { CLOSE, serveWebSocket } from "./serve-web-socket.ts";
import { gateRefusal, pathOf, STORE_PATH } from "./web-socket-gate.ts";

/** Who may have WebSockets, and how many. */
export interface WebSocketOptions {
  /** What the URL must say: at least 16 characters. Default: 32 random bytes, in base64url. */
  readonly token?: string;
  /** Where pages may come from, as `http://localhost:5173`, beside the server itself. Default: none. */
  readonly origins?: readonly string[];
  /** Names by which the server may be asked for, beside addresses and `localhost`. Default: none. */
  readonly names?: readonly string[];
  /** WebSockets at a time; more are refused. Default: 64. */
  readonly clientsMax?: number;
  /** How often a client is asked whether it is there, in milliseconds. Default: 30,000. */
  readonly pingMs?: number;
}

/** WebSockets that are accepted. */
export interface AcceptedWebSockets extends AsyncDisposable {
  /** What comes behind `ws://HOST:PORT`: `/xenstore?token=…`. Who knows it has dom0's rights. */
  readonly resource: string;
  /** Open now. */
  readonly clients: number;
  /** Closes them all; those that do not answer after half a second are cut. */
  close(): Promise<void>;
}

const TOKEN_MIN = 16;
const GRACE_MS = 500;

/** A client of ours sends 64 KiB at most; more than this in one message is refused. */
const MESSAGE_MAX = 128 << 10;
/** Parts of a message that has not ended: each costs far more than its bytes. */
const PARTS_MAX = 1024;

/**
 * Offers the host's Xenstore as a WebSocket on a server that is there: at `/xenstore`, with the token. Clients act for
 * dom0. Requests for other paths are left to other listeners, and refused when there are none.
 *
 * @throws HostError bad-option: a token that is too short.
 */
export const acceptWebSockets = async (
  server: Server,
  host: Host,
  options: WebSocketOptions = {},
): Promise<AcceptedWebSockets> => {
  const { token = randomBytes(32).toString("base64url"), origins = [], names = [] } = options;
  const { clientsMax = 64, pingMs = 30_000 } = options;
  if (token.length < TOKEN_MIN) {
    const message = `token: ${token.length} characters can be guessed, ${TOKEN_MIN} are the least`;
    throw new HostError("bad-option", message, { option: "token" });
  }
  const gate = { token, origins, names: names.map((name) => name.toLowerCase()) };
  // Only who wants a WebSocket waits for it.
  const { WebSocketServer } = await import("ws");
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_MAX,
    maxFragments: PARTS_MAX,
    maxBufferedChunks: PARTS_MAX,
  });

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== STORE_PATH) {
      if (server.listenerCount("upgrade") === 1) refuse(socket, 404, "there is only /xenstore");
      return;
    }
    const refusal = gateRefusal(request, gate);
    if (refusal !== undefined) {
      refuse(socket, refusal.status, refusal.why);
    } else if (sockets.clients.size >= clientsMax) {
      refuse(socket, 503, `${clientsMax} clients are connected, more are not served`);
    } else {
      sockets.handleUpgrade(request, socket, head, (client) =>
        serveWebSocket(host.store.daemon, client, pingMs),
      );
    }
  };
  server.on("upgrade", upgrade);

  const close = async (): Promise<void> => {
    server.off("upgrade", upgrade);
    const closed = new Promise((resolve) => sockets.close(resolve));
    for (const client of sockets.clients) client.close(CLOSE.goingAway, "the host stops");
    const timer = setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, GRACE_MS);
    await closed;
    clearTimeout(timer);
  };
  return {
    resource: `${STORE_PATH}?token=${encodeURIComponent(token)}`,
    get clients() {
      return sockets.clients.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** Answers a request for a WebSocket as HTTP, and hangs up. */
const refuse = (socket: Duplex, status: number, why: string): void => {
  const body = `${why}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Content-Type: text/plain",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.on("error", () => {});
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
};
