import { createServer } from "node:http";
import { type AddressInfo, isIP, isIPv6 } from "node:net";
import type { Host } from "../host.ts";
import {
  type AcceptedWebSockets,
  acceptWebSockets,
  type WebSocketOptions,
} from "./accept-web-sockets.ts";

/** Where WebSockets are served. */
export interface ListenWebSocketOptions extends WebSocketOptions {
  /** An address of this machine, or a name of one. Default: 127.0.0.1, where only this machine can connect. */
  readonly address?: string;
  /** Default: 0, any that is free. */
  readonly port?: number;
}

/** A server of WebSockets. */
export interface WebSocketServer extends AcceptedWebSockets {
  /** What clients connect to, with the token: who knows it has dom0's rights. */
  readonly url: string;
  /** The part of it that is no secret: `ws://127.0.0.1:PORT`. */
  readonly base: string;
}

/** Connections that have not asked for anything yet may be so many. */
const STRANGERS_MAX = 64;
const REQUEST_MS = 10_000;

/**
 * Serves the host's Xenstore as a WebSocket, for pages, until disposed. Clients act for dom0, so they must know the URL,
 * which has a secret token; pages must come from one of `origins`. Nothing is encrypted.
 *
 * @throws HostError bad-option: a token that is too short.
 * @throws Error of the system, with `code`: EADDRINUSE, EACCES, ENOTFOUND …
 */
export const listenWebSocket = async (
  host: Host,
  options: ListenWebSocketOptions = {},
): Promise<WebSocketServer> => {
  const { address = "127.0.0.1", port = 0, names = [], clientsMax = 64 } = options;
  const times = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
  const server = createServer(times, (_, response) => {
    const headers = { connection: "close", "content-type": "text/plain", upgrade: "websocket" };
    response.writeHead(426, headers).end("a Xenstore, for WebSockets\n");
  });
  server.maxConnections = clientsMax + STRANGERS_MAX;
  const accepted = await acceptWebSockets(server, host, {
    ...options,
    names: isIP(address) === 0 ? [...names, address] : names,
    clientsMax,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    await accepted.close();
    server.closeAllConnections();
    await closed;
  };
  const { port: given } = server.address() as AddressInfo;
  const base = `ws://${reachable(address)}:${given}`;
  const { resource } = accepted;
  return {
    url: `${base}${resource}`,
    base,
    resource,
    get clients() {
      return accepted.clients;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** As it stands in a URL. Where all addresses are meant, this machine's own. */
const reachable = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (!isIPv6(address)) return address;
  return address === "::" ? "[::1]" : `[${address}]`;
};
