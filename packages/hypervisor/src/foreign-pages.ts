import { ERRNO } from "@xenkit/abi";
import { type Domain, LIFE } from "./domain.ts";
import { holdReference } from "./lifecycle.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mappings.ts";

/**
 * Maps a page that another domain has granted.
 *
 * @returns The mapping, or a negative errno: ENOENT (no such grant), EPERM (granted to another),
 *   ENOSPC, ENOMEM.
 */
export const mapGrant = (
  machine: Machine,
  mapper: Domain,
  owner: Domain,
  ref: number,
): Mapping | number => {
  const grant = owner.grants.get(ref);
  if (grant === undefined) return -ERRNO.ENOENT;
  if (grant.grantee !== mapper.domid) return -ERRNO.EPERM;
  return map(machine, mapper, owner, ref, grant.gfn);
};

/**
 * Maps any page of a domain over which the mapper has power. @returns The mapping, or a negative
 * errno as above.
 */
export const mapForeignPage = (
  machine: Machine,
  mapper: Domain,
  owner: Domain,
  gfn: number,
): Mapping | number =>
  machine.policy(mapper, "map_foreign_page", owner)
    ? map(machine, mapper, owner, -1, gfn)
    : -ERRNO.EPERM;

const map = (
  machine: Machine,
  mapper: Domain,
  owner: Domain,
  ref: number,
  gfn: number,
): Mapping | number => {
  if (owner.life !== LIFE.alive || mapper.life !== LIFE.alive) return -ERRNO.EINVAL;
  if (machine.mappings.countOf(mapper) >= machine.limits.mappings) return -ERRNO.ENOSPC;
  const page = owner.memory.page(gfn);
  if (page === undefined) return -ERRNO.ENOMEM;
  const handle = machine.mappings.takeHandle();
  const mapping: Mapping = { handle, mapper, owner, ref, gfn, page };
  machine.mappings.add(mapping);
  // What a domain maps of itself goes with it.
  if (owner !== mapper) holdReference(owner);
  return mapping;
};
