import { GNTMAP, GNTTABOP, gnttabMapGrantRef, HYPERVISOR } from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";

const LAST = 2 ** 32 - 1;

/** Domain 1 shares a page with dom0, and this handle is the next. */
const hostAt = (nextHandle: number): Hypervisor => {
  const host = createHypervisor();
  host.createDomain();
  host.grantAccess(1, 1, { grantee: 0, gfn: 5, access: "read-write" });
  host.load({ ...host.dump(), nextHandle });
  return host;
};

/** map_grant_ref by dom0. @returns The handle. */
const map = (host: Hypervisor): number => {
  const request = { hostAddr: 0n, ref: 1, dom: 1, status: 7, handle: 0, devBusAddr: 0n };
  const bytes = gnttabMapGrantRef.encode({ ...request, flags: GNTMAP.hostMap });
  expect(host.hypercall(0, HYPERVISOR.grantTableOp, bytes, GNTTABOP.mapGrantRef)).toBe(0);
  const { status, handle } = gnttabMapGrantRef.decode(bytes);
  expect(status).toBe(0);
  return handle;
};

describe("the handles of mappings", () => {
  test("fit their field: after 2^32 − 1 comes 1", () => {
    const host = hostAt(LAST);
    expect([map(host), map(host)]).toEqual([LAST, 1]);
    expect(host.dump().nextHandle).toBe(2);
  });

  test("pass over those in use, and no handle names two mappings", () => {
    const host = hostAt(1);
    expect([map(host), map(host), map(host)]).toEqual([1, 2, 3]);
    host.unmap(2);
    host.load({ ...host.dump(), nextHandle: LAST });
    expect([map(host), map(host), map(host)]).toEqual([LAST, 2, 4]);
  });
});
