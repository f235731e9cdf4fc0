import { ACCESS, formatPermission } from "@xenkit/xenstore-wire";
import type { Quotas } from "@xenkit/xenstored";

/** What the daemon must know of one incarnation, from the first request that names it to its end. */
export interface ModelDomain {
  readonly domid: number;
  /** The unique id: who it is. */
  readonly id: bigint;
  readonly quotas: Quotas;
  alive: boolean;
  introduced: boolean;
  shutdownSeen: boolean;
}

/** One entry of a list of permissions. */
export interface Entry {
  readonly access: number;
  readonly domid: number;
  /** Undefined: there was no such domain when the entry was made; it means nothing for ever. */
  readonly who: ModelDomain | "everybody" | undefined;
}

/** The first entry is the owner's: its access is that of everybody without an entry. */
export type Perms = readonly Entry[];

/** Who asks. */
export interface Caller {
  readonly domid: number;
  readonly privileged: boolean;
}

/** The domid that stands for every domain. */
export const ANY = 0x7ff5;
/** Beside `ACCESS`: may change the permissions. */
export const OWNER = 4;

export const isLive = ({ who }: Entry): boolean => who === "everybody" || who?.alive === true;

/** What a caller may do: a set of `ACCESS` bits and {@link OWNER}. */
export const accessOf = (perms: Perms, { domid, privileged }: Caller): number => {
  const owner = perms[0] as Entry;
  if (privileged || owner.domid === domid) return ACCESS.both | OWNER;
  const own = perms.find(
    (entry, at) => at > 0 && isLive(entry) && (entry.domid === domid || entry.domid === ANY),
  );
  return (own ?? owner).access;
};

/** The list of a node that somebody makes below one with `perms`: a guest owns what it makes. */
export const inherited = (perms: Perms, creator: ModelDomain | undefined): Perms => {
  const [owner, ...rest] = perms as [Entry, ...Entry[]];
  if (creator === undefined || owner.domid === creator.domid) return perms;
  return [{ access: owner.access, domid: creator.domid, who: creator }, ...rest];
};

export const listed = (perms: Perms): string =>
  perms.map((entry) => `${formatPermission(entry)}\0`).join("");
