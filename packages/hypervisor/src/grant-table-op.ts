import {
  ERRNO,
  GNTMAP,
  GNTST,
  GNTTABOP,
  type GnttabMapGrantRef,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
} from "@xenkit/abi";
import { type Domain, LIFE } from "./domain.ts";
import { mapGrant } from "./foreign-pages.ts";
import { unmap } from "./lifecycle.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mappings.ts";

/**
 * grant_table_op with one element in the buffer: map_grant_ref and unmap_grant_ref. The hypercall
 * answers 0 and the `status` in the buffer says how it went, as Xen's does. There is no address
 * space to map into: the page is found by the handle (`mappedPage`).
 */
export const grantTableOp = (
  machine: Machine,
  caller: Domain,
  cmd: number,
  bytes: Uint8Array | undefined,
): number => {
  switch (cmd) {
    case GNTTABOP.mapGrantRef:
      if (bytes === undefined || bytes.length < gnttabMapGrantRef.size) return -ERRNO.EFAULT;
      mapOp(machine, caller, bytes);
      return 0;
    case GNTTABOP.unmapGrantRef:
      if (bytes === undefined || bytes.length < gnttabUnmapGrantRef.size) return -ERRNO.EFAULT;
      unmapOp(machine, caller, bytes);
      return 0;
    default:
      return -ERRNO.ENOSYS;
  }
};

const STATUS_OF: ReadonlyMap<number, number> = new Map([
  [-ERRNO.ENOENT, GNTST.badGntref],
  [-ERRNO.EPERM, GNTST.permissionDenied],
  [-ERRNO.ENOSPC, GNTST.noSpace],
]);

const mapOp = (machine: Machine, caller: Domain, bytes: Uint8Array): void => {
  const request = gnttabMapGrantRef.decode(bytes, 0);
  const result = map(machine, caller, request);
  const answer =
    typeof result === "number" ? { status: result } : { status: GNTST.okay, handle: result.handle };
  gnttabMapGrantRef.encode({ ...request, ...answer }, bytes, 0);
};

/** The mapping, or a `GNTST` status below 0. */
const map = (machine: Machine, caller: Domain, request: GnttabMapGrantRef): Mapping | number => {
  // No host mapping asked for: nothing to do, which Xen calls an error.
  if ((request.flags & GNTMAP.hostMap) === 0) return GNTST.generalError;
  const owner = machine.table.find(request.dom);
  if (owner === undefined || owner.life !== LIFE.alive) return GNTST.badDomain;
  const wantsToWrite = (request.flags & GNTMAP.readonly) === 0;
  if (wantsToWrite && owner.grants.get(request.ref)?.access === "read-only") {
    return GNTST.generalError;
  }
  const mapping = mapGrant(machine, caller, owner, request.ref);
  return typeof mapping === "number" ? (STATUS_OF.get(mapping) ?? GNTST.generalError) : mapping;
};

const unmapOp = (machine: Machine, caller: Domain, bytes: Uint8Array): void => {
  const request = gnttabUnmapGrantRef.decode(bytes, 0);
  const mapping = machine.mappings.get(request.handle);
  // A handle is only its maker's.
  const known = mapping !== undefined && mapping.mapper === caller;
  gnttabUnmapGrantRef.encode(
    { ...request, status: known ? GNTST.okay : GNTST.badHandle },
    bytes,
    0,
  );
  if (known) unmap(machine, mapping);
};
