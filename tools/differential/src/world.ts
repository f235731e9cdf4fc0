import type { Message } from "@xenkit/xenstore-wire";

/** What has come on a link. */
export interface Collected {
  readonly messages: readonly Message[];
  /** `closed`: the daemon has hung up, or the ring broke. `late`: not all replies came in time. */
  readonly end: "open" | "closed" | "late";
}

/** One client of a daemon. */
export interface Link {
  send(bytes: Uint8Array): Promise<void> | void;
  /** Waits for so many replies, and takes them with all that came before. */
  collect(replies: number): Promise<Collected>;
  close(): Promise<void> | void;
}

/** A fresh daemon on a machine of its own. */
export interface World extends AsyncDisposable {
  /** Whether it has domains, and rings to them. */
  readonly hasDomains: boolean;
  connect(): Promise<Link>;
  /** A new client behind the ring of an introduced domain. */
  guest(domid: number): Link;
  /** These raise the VIRQ, too. */
  create(domid: number): void;
  shutDown(domid: number): void;
  die(domid: number): void;
  destroy(domid: number): void;
}

/** Makes a daemon; `tight`: with {@link TIGHT_LIMITS}. */
export type MakeWorld = (options: { readonly tight: boolean }) => Promise<World>;

/** Small limits, each the number that is accepted. */
export const TIGHT_LIMITS = {
  nodes: 12,
  watches: 5,
  transactions: 3,
  "transaction-nodes": 20,
  "node-permissions": 4,
  "node-size": 120,
} as const;

/** The port that every guest has for Xenstore; another one cannot be bound. */
export const GUEST_PORT = 1;

/** What a toolstack sends as the payload of INTRODUCE. */
export const introducePayload = (domid: number): string =>
  `${domid}\0${1000 + domid}\0${GUEST_PORT}\0`;
