import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** Whom WebSockets are opened for. */
export interface WebSocketGate {
  /** What the URL must say. */
  readonly token: string;
  /** Where pages may come from, beside the server itself: `http://localhost:5173`. */
  readonly origins: readonly string[];
  /** Names by which the server may be asked for, beside `localhost` and addresses. Lower case. */
  readonly names: readonly string[];
}

/** Why a request is not let in. */
export interface GateRefusal {
  /** Of HTTP. */
  readonly status: 401 | 403;
  readonly why: string;
}

/** Where the store is on the server. */
export const STORE_PATH = "/xenstore";

/**
 * Looks at a request for a WebSocket.
 *
 * Any page that the user visits can open a WebSocket to this machine, and any user of the machine can connect: so who
 * asks must know the token. A page must come from where it was said to (browsers set `Origin`, pages cannot), and must
 * have found us by a name that nobody else can give us: one of another's domain can be made to point here.
 */
export const gateRefusal = (
  { headers, url = "" }: IncomingMessage,
  { token, origins, names }: WebSocketGate,
): GateRefusal | undefined => {
  const { host = "", origin } = headers;
  const name = HOST.exec(host)?.[1]?.toLowerCase() ?? "";
  if (!isAddress(name) && !isLocalName(name) && !names.includes(name)) {
    return { status: 403, why: "the store is not served under this name" };
  }
  const own = origin === `http://${host}` || origin === `https://${host}`;
  if (origin !== undefined && !own && !origins.includes(origin)) {
    return { status: 403, why: "pages of this origin may not connect" };
  }
  const given = URL.parse(url, "ws://localhost")?.searchParams.get("token") ?? "";
  // Digests: they have one length, and comparing them takes one time.
  if (timingSafeEqual(digest(given), digest(token))) return undefined;
  return { status: 401, why: "the URL has not the token of this server" };
};

/** The path that a request is for. */
export const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?", 1)[0] ?? "";

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i;

const isAddress = (name: string): boolean => isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;

const isLocalName = (name: string): boolean => name === "localhost" || name.endsWith(".localhost");

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
