import {
  canonicalPath,
  countedPathLength,
  pathKind,
  type WireErrorName,
} from "@xenkit/xenstore-wire";
import type { Connection } from "./connection.ts";
import type { DomainLife } from "./domain-life.ts";
import type { Domains } from "./domains.ts";
import type { Events } from "./events.ts";
import { exceeds, type QuotaName, type Quotas } from "./quota.ts";
import type { Store } from "./store.ts";
import type { Transaction } from "./transaction.ts";
import type { Tree } from "./tree.ts";
import type { Usage } from "./usage.ts";
import type { WatchIndex } from "./watch-index.ts";

/** The rooms of the daemon, as requests find them. */
export interface Rooms {
  readonly store: Store;
  readonly watches: WatchIndex<Connection>;
  readonly events: Events;
  readonly domains: Domains;
  readonly life: DomainLife;
  /** Limits of domains that will become known. */
  readonly defaultQuotas: Quotas;
  readonly usage: Usage;
  /** Takes a line for the log. */
  readonly log: (line: string) => void;
}

/** One request under way. */
export interface Request {
  readonly connection: Connection;
  readonly transaction: Transaction | undefined;
  /** The transaction, or the store. */
  readonly tree: Tree;
  /** A view: valid until the reply. */
  readonly payload: Uint8Array;
  /** Called when the reply has been queued. */
  afterReply: (() => void) | undefined;
}

/** A reply's payload, or the name of an error. */
export type Reply = Uint8Array | WireErrorName;

/** How one type of request is answered. */
export interface RequestType {
  /** Guests get EACCES. */
  readonly privileged: boolean;
  /** The transaction id is not looked at. */
  readonly ignoresTransaction: boolean;
  readonly answer: (rooms: Rooms, request: Request) => Reply;
}

/** A line of the table of requests. */
export interface RequestDeclaration<A> {
  readonly privileged?: true;
  readonly ignoresTransaction?: true;
  /** Reads the payload; undefined: EINVAL. */
  readonly read: (payload: Uint8Array) => A | undefined;
  readonly handle: (rooms: Rooms, request: Request, args: A) => Reply;
}

/** Makes a type of request from how its payload is read and how it is handled. */
export const requestType = <A>(declaration: RequestDeclaration<A>): RequestType => ({
  privileged: declaration.privileged ?? false,
  ignoresTransaction: declaration.ignoresTransaction ?? false,
  answer: (rooms, request) => {
    const args = declaration.read(request.payload);
    return args === undefined ? "EINVAL" : declaration.handle(rooms, request, args);
  },
});

/** The payload of most successful replies. */
export const OK: Uint8Array = Uint8Array.of(0x4f, 0x4b, 0);

/**
 * Whether a quota refuses that a connection's domain comes to `value`; if not, the value is noted. Privileged ones are
 * never refused. The first refusal of each kind is logged.
 */
export const overQuota = (
  { domains, usage, log }: Rooms,
  { privileged, domid }: Connection,
  quota: QuotaName,
  value: number,
): boolean => {
  if (privileged) return false;
  const limit = domains.get(domid)?.quotas[quota] ?? 0;
  if (!exceeds(limit, value)) {
    usage.note(domid, quota, value);
    return false;
  }
  if (usage.firstRefusal(domid, quota)) {
    log(`quota ${quota} refuses domain ${domid}: ${value}, ${limit} allowed (told once)`);
  }
  return true;
};

/**
 * The canonical path of an ordinary node; undefined (EINVAL) for a special one, for junk, and for one that is too long for a
 * guest.
 */
export const nodePath = (rooms: Rooms, request: Request, given: string): string | undefined =>
  pathKind(given) === "special" ? undefined : anyPath(rooms, request, given);

/** As {@link nodePath}, special nodes allowed. */
export const anyPath = (
  rooms: Rooms,
  { connection }: Request,
  given: string,
): string | undefined => {
  const path = canonicalPath(given, connection.domid);
  if (path === undefined) return undefined;
  return overQuota(rooms, connection, "path-max", countedPathLength(path)) ? undefined : path;
};
