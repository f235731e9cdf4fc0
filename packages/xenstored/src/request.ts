import {
  canonicalPath,
  countedPathLength,
  pathKind,
  type WireErrorName,
} from "@xenkit/xenstore-wire";
import type { BackPressure } from "./back-pressure.ts";
import type { Connection } from "./connection.ts";
import type { ControlFiles, TraceSwitches } from "./control-log.ts";
import type { Counters } from "./counters.ts";
import type { DomainLife } from "./domain-life.ts";
import type { Domains } from "./domains.ts";
import type { Events } from "./events.ts";
import type { Limits } from "./limits.ts";
import type { MemoryUse } from "./memory-use.ts";
import type { Quotas } from "./quota.ts";
import type { Store } from "./store.ts";
import type { Transaction } from "./transaction.ts";
import type { Tree } from "./tree.ts";
import type { Usage } from "./usage.ts";
import type { WatchIndex } from "./watch-index.ts";
import type { WriteCredits } from "./write-credits.ts";

/**
 * When a commit is refused with EAGAIN: `"answers"`, when the transaction's requests would be answered otherwise now;
 * `"strict"`, as Xen's daemon, when anything that it touched was written meanwhile.
 */
export type ConflictRule = "answers" | "strict";

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
  readonly limits: Limits;
  readonly memory: MemoryUse;
  readonly counters: Counters;
  readonly pressure: BackPressure;
  readonly credits: WriteCredits;
  /** How many transactions are open anywhere. */
  readonly transactions: { open: number };
  readonly conflicts: ConflictRule;
  readonly trace: TraceSwitches;
  /** Takes a line about something that comes or goes, for the trace. */
  readonly traced: (what: string) => void;
  readonly files: ControlFiles | undefined;
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
  /** It only reads and changes the tree: in a transaction it can be asked again. */
  readonly repeatable: boolean;
  /** It finds domains by their domids. */
  readonly namesDomains: boolean;
  readonly answer: (rooms: Rooms, request: Request) => Reply;
}

/** A line of the table of requests. */
export interface RequestDeclaration<A> {
  readonly privileged?: true;
  readonly ignoresTransaction?: true;
  readonly repeatable?: true;
  readonly namesDomains?: true;
  /** Reads the payload; undefined: EINVAL. */
  readonly read: (payload: Uint8Array) => A | undefined;
  readonly handle: (rooms: Rooms, request: Request, args: A) => Reply;
}

/** Makes a type of request from how its payload is read and how it is handled. */
export const requestType = <A>(declaration: RequestDeclaration<A>): RequestType => ({
  privileged: declaration.privileged ?? false,
  ignoresTransaction: declaration.ignoresTransaction ?? false,
  repeatable: declaration.repeatable ?? false,
  namesDomains: declaration.namesDomains ?? false,
  answer: (rooms, request) => {
    const args = declaration.read(request.payload);
    return args === undefined ? "EINVAL" : declaration.handle(rooms, request, args);
  },
});

/** The payload of most successful replies. */
export const OK: Uint8Array = Uint8Array.of(0x4f, 0x4b, 0);

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
  if (path === undefined || connection.privileged) return path;
  return rooms.limits.refuses(connection, "path-max", countedPathLength(path)) ? undefined : path;
};
