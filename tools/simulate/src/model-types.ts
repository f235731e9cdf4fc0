import type { Quotas } from "@xenkit/xenstored";
import type { Caller, Entry, Perms } from "./model-perms.ts";

/** A request on the tree. `value` is what WRITE writes; for SET_PERMS the entries, one blank between two. */
export interface TreeRequest {
  readonly kind: "read" | "write" | "mkdir" | "rm" | "directory" | "getPerms" | "setPerms";
  readonly path: string;
  readonly value: string;
  /** Of SET_PERMS in a transaction: the domains that its entries named when it was asked. */
  readonly named?: readonly Entry["who"][];
}

/** How a request is judged. */
export interface Judging {
  readonly caller: Caller;
  /** How the daemon answered: OK or an error. Decides where a quota depends on what only the daemon counts. */
  readonly told: string;
  /** It is done again, in a commit: quotas were judged when it was asked. */
  readonly replayed?: true;
}

/** A change that watches are told of, and the lists that decide who may hear of it. */
export interface Change {
  readonly path: string;
  readonly how: "path" | "exact";
  readonly readable: readonly Perms[];
}

/** A node of the model. */
export interface ModelNode {
  readonly path: string;
  value: string;
  perms: Perms;
  readonly children: Set<string>;
  childBytes: number;
}

/** What the model is told of the world around the daemon. */
export interface ModelOptions {
  readonly quotas: Readonly<Quotas>;
  readonly fired: (change: Change) => void;
  /** What is kept for a domain beside its nodes, in bytes: what surely is, and what may be. */
  readonly kept: (domid: number) => { readonly least: number; readonly most: number };
}

/** What a node is charged with, in bytes. */
export const nodeMemory = ({ path, value, perms, childBytes }: ModelNode): number =>
  16 + 8 * perms.length + value.length + childBytes + path.length;
