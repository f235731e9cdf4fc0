import { ERRNO } from "@xenkit/abi";
import { type Domain, LIFE } from "./domain.ts";
import type { Enter } from "./event-channel-handle.ts";
import { mapForeignPage, mapGrant } from "./foreign-pages.ts";
import { GNTREF, type Grant } from "./grants.ts";
import { unmap } from "./lifecycle.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mappings.ts";
import { errnoError, findDomain } from "./refuse.ts";
import { isWhole } from "./whole.ts";

/**
 * The frame of a guest that the toolstack shares with the Xenstore daemon, where the guest has no
 * other.
 */
export const XENSTORE_GFN = 0xfeffc;

/** A page of one domain, mapped by another. It keeps the owner a zombie until it is unmapped. */
export interface MappedPage {
  /** Names the mapping, for `unmap`: 1 … 2^32 − 1. */
  readonly handle: number;
  /** 4096 bytes, shared by reference with the owner. */
  readonly page: Uint8Array;
}

/**
 * Guest memory and grants. Everything throws a HypervisorError "errno": EINVAL where a dead domain
 * has given its pages back.
 */
export interface Pages {
  /**
   * A page of a guest, by guest frame number, shared by reference. It is made, zeroed, at its first
   * use.
   */
  guestPage(domid: number, gfn: number): Uint8Array;
  /**
   * The page behind grant 1, where guest and Xenstore daemon meet. A guest that has not granted one
   * yet gets it here, as a toolstack would do: granted to the Xenstore domain, else to the hardware
   * domain, else to domid 0. EINVAL for a guest without a grant table.
   */
  ringPage(domid: number): Uint8Array;
  /** Shares a page of a guest. EINVAL for a reference past its grant table, or a grantee past 16 bits. */
  grantAccess(domid: number, ref: number, grant: Grant): void;
  /** Ends the sharing; a page that is mapped stays so. ENOENT for what is not shared. */
  revokeGrant(domid: number, ref: number): void;
  /** Maps a granted page. ENOENT: no such grant; EPERM: granted to another domain. */
  mapGrant(mapper: number, domid: number, ref: number): MappedPage;
  /** Maps any page of a guest, for a mapper that the policy allows it. */
  mapForeignPage(mapper: number, domid: number, gfn: number): MappedPage;
  /** The page of a mapping that was made by grant_table_op. */
  mappedPage(handle: number): Uint8Array;
  /** Ends a mapping; the owner is freed if it was dead and this was the last that held it. */
  unmap(handle: number): void;
}

export const pagesOf = (machine: Machine, enter: Enter): Pages => {
  const find = (operation: string, domid: number) => findDomain(machine, operation, domid);
  /** One that still has its pages. */
  const findOwner = (operation: string, domid: number): Domain => {
    const domain = find(operation, domid);
    if (domain.life === LIFE.dead) throw errnoError(operation, -ERRNO.EINVAL);
    return domain;
  };
  const mapped = (operation: string, handle: number): Mapping => {
    const mapping = machine.mappings.get(handle);
    if (mapping === undefined) throw errnoError(operation, -ERRNO.EINVAL);
    return mapping;
  };
  const checkFrame = (operation: string, gfn: number): void => {
    if (!isWhole(gfn, Number.MAX_SAFE_INTEGER)) throw errnoError(operation, -ERRNO.EINVAL);
  };
  const pageOf = (operation: string, domid: number, gfn: number): Uint8Array => {
    checkFrame(operation, gfn);
    const page = findOwner(operation, domid).memory.page(gfn);
    if (page === undefined) throw errnoError(operation, -ERRNO.ENOMEM);
    return page;
  };
  return {
    guestPage: (domid, gfn) => pageOf("guest_page", domid, gfn),
    ringPage: (domid) => {
      const { grants } = findOwner("ring_page", domid);
      const granted = grants.get(GNTREF.xenstore);
      if (granted !== undefined) return pageOf("ring_page", domid, granted.gfn);
      if (grants.size <= GNTREF.xenstore) throw errnoError("ring_page", -ERRNO.EINVAL);
      const page = pageOf("ring_page", domid, XENSTORE_GFN);
      const grantee = (machine.table.xenstore ?? machine.hardware)?.domid ?? 0;
      grants.set(GNTREF.xenstore, { grantee, gfn: XENSTORE_GFN, access: "read-write" });
      return page;
    },
    grantAccess: (domid, ref, grant) => {
      const { grants } = findOwner("grant_access", domid);
      if (!isWhole(ref, grants.size - 1) || !isWhole(grant.grantee, 0xffff)) {
        throw errnoError("grant_access", -ERRNO.EINVAL);
      }
      pageOf("grant_access", domid, grant.gfn);
      grants.set(ref, { ...grant });
    },
    revokeGrant: (domid, ref) => {
      if (!findOwner("revoke_grant", domid).grants.revoke(ref)) {
        throw errnoError("revoke_grant", -ERRNO.ENOENT);
      }
    },
    mapGrant: (mapper, domid, ref) => {
      const owner = find("map_grant", domid);
      return mappedOr("map_grant", mapGrant(machine, find("map_grant", mapper), owner, ref));
    },
    mapForeignPage: (mapper, domid, gfn) => {
      checkFrame("map_foreign", gfn);
      const owner = find("map_foreign", domid);
      return mappedOr(
        "map_foreign",
        mapForeignPage(machine, find("map_foreign", mapper), owner, gfn),
      );
    },
    mappedPage: (handle) => mapped("mapped_page", handle).page,
    unmap: (handle) => enter(() => unmap(machine, mapped("unmap", handle))),
  };
};

const mappedOr = (operation: string, result: Mapping | number): MappedPage => {
  if (typeof result === "number") throw errnoError(operation, result);
  return { handle: result.handle, page: result.page };
};
