import { ACCESS, formatPermission } from "@xenkit/xenstore-wire";

/** One domain's life as the daemon knows it: a reused domid is another one. */
export interface Grantee {
  readonly domid: number;
  /** Ends when the daemon forgets the domain: its grants are worth nothing from then on. */
  readonly alive: boolean;
}

/** One entry of a permission list. */
export interface PermsEntry {
  /** A set of `ACCESS` bits. */
  readonly access: number;
  /** A u32: an entry may name what is no domain at all. */
  readonly domid: number;
  /** Undefined: stale for ever. There was no such domain when the entry was made. */
  readonly grantee: Grantee | undefined;
}

/**
 * A node's permission list, 1 to n entries, never changed in place.
 *
 * Entry 0 names the owner; its access is that of every domain without an entry of its own.
 */
export type Perms = readonly [PermsEntry, ...PermsEntry[]];

/** Who asks. */
export interface Caller {
  readonly privileged: boolean;
  readonly domid: number;
  /** The domain that this one acts for (SET_TARGET). */
  readonly target: { readonly domid: number } | undefined;
}

/** DOMID_ANY: an entry for every domain. */
export const DOMID_ANY = 0x7ff5;

/** The grantee of an entry for every domain: never stale. */
export const ANYBODY: Grantee = { domid: DOMID_ANY, alive: true };

/** The bit beside `ACCESS` that says: may change permissions. */
export const OWNER = 4;

const EVERYTHING = ACCESS.both | OWNER;

/** What `caller` may do: a set of `ACCESS` bits and {@link OWNER}. */
export const accessOf = (perms: Perms, caller: Caller): number => {
  const { domid, target } = caller;
  const owner = perms[0];
  if (caller.privileged || owner.domid === domid || owner.domid === target?.domid)
    return EVERYTHING;
  for (let index = 1; index < perms.length; index += 1) {
    const entry = perms[index] as PermsEntry;
    if (entry.grantee?.alive !== true) continue;
    if (entry.domid === domid || entry.domid === target?.domid || entry.domid === DOMID_ANY) {
      return entry.access;
    }
  }
  return owner.access;
};

/** The list of a node that `creator` makes below one with `perms`: the same, but a guest owns what it makes. */
export const inheritedPerms = (perms: Perms, creator: Grantee | undefined): Perms => {
  const [owner, ...rest] = perms;
  if (creator === undefined || owner.domid === creator.domid) return perms;
  return [{ access: owner.access, domid: creator.domid, grantee: creator }, ...rest];
};

/** The list without the entries of a domid, the owner's excepted. The same object when there is none. */
export const withoutEntriesOf = (perms: Perms, domid: number): Perms => {
  const [owner, ...rest] = perms;
  const kept = rest.filter((entry) => entry.domid !== domid);
  return kept.length === rest.length ? perms : [owner, ...kept];
};

/** The list with another owner. */
export const withOwner = (perms: Perms, owner: Grantee): Perms => {
  const [first, ...rest] = perms;
  return [{ access: first.access, domid: owner.domid, grantee: owner }, ...rest];
};

/** The entries as the wire has them. */
export const formatPerms = (perms: Perms): string[] => perms.map(formatPermission);
