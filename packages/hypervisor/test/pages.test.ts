import {
  ERRNO,
  GNTMAP,
  GNTST,
  GNTTABOP,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
  HYPERVISOR,
  STATE,
} from "@xenkit/abi";
import {
  createHypervisor,
  GNTREF,
  type Hypervisor,
  PAGE_SIZE,
  XENSTORE_GFN,
} from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { create, drained, listen, query } from "./calls.ts";

const RW = "read-write";

const errno = (name: string): unknown =>
  expect.objectContaining({ details: expect.objectContaining({ name }) });

/** dom0, and guests 1 and 2 of which 1 shares page 5 as grant 9 with 2. */
const sharing = (): Hypervisor => {
  const host = createHypervisor();
  host.createDomain();
  host.createDomain();
  host.grantAccess(1, 9, { grantee: 2, gfn: 5, access: RW });
  return host;
};

describe("guest pages", () => {
  test("are shared by reference, zeroed at first, and each guest's own", () => {
    const host = sharing();
    const page = host.guestPage(1, 5);
    page[7] = 42;
    expect(page.length).toBe(PAGE_SIZE);
    expect(host.mapGrant(2, 1, 9).page).toBe(page);
    expect(host.mapForeignPage(0, 1, 5).page[7]).toBe(42);
    expect(host.guestPage(2, 5)[7]).toBe(0);
  });

  test("are as many as the limit says, for each guest", () => {
    const host = createHypervisor({ limits: { guestPages: 2 } });
    host.createDomain();
    host.createDomain();
    for (const gfn of [1, 2, 1]) host.guestPage(1, gfn);
    expect(() => host.guestPage(1, 3)).toThrow(errno("ENOMEM"));
    expect(() => host.mapForeignPage(0, 1, 3)).toThrow(errno("ENOMEM"));
    expect(host.guestPage(2, 3)).toHaveLength(PAGE_SIZE);
    for (const gfn of [-1, 0.5, 2 ** 60])
      expect(() => host.guestPage(1, gfn)).toThrow(errno("EINVAL"));
  });

  test("come from who was asked to make them", () => {
    const host = createHypervisor({
      allocatePage: () => new Uint8Array(new SharedArrayBuffer(PAGE_SIZE)),
    });
    expect(host.guestPage(0, 1).buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test("have frame numbers from 0 on", () => {
    const page = createHypervisor().guestPage(0, 0);
    expect(page).toHaveLength(PAGE_SIZE);
  });

  test("the ring page that is made is frame 0xfeffc", () => {
    const host = sharing();
    expect(host.ringPage(2)).toBe(host.guestPage(2, 0xfeffc));
    expect(XENSTORE_GFN).toBe(0xfeffc);
  });

  test("the ring page is grant 1: the guest's own, or one made for the Xenstore domain", () => {
    const host = sharing();
    const store = host.createDomain({ caps: 4 });
    const ring = host.ringPage(2);
    expect(host.ringPage(2)).toBe(ring);
    expect(host.mapGrant(store, 2, GNTREF.xenstore).page).toBe(ring);
    host.grantAccess(1, GNTREF.xenstore, { grantee: 0, gfn: 5, access: RW });
    expect(host.ringPage(1)).toBe(host.guestPage(1, 5));
    host.destroyDomain(store);
    const without = createHypervisor({ dom0Vcpus: false });
    without.ringPage(without.createDomain());
    expect(without.dump().domains[0]?.grants).toMatchObject([[GNTREF.xenstore, { grantee: 0 }]]);
    host.ringPage(host.createDomain());
    expect(host.mapGrant(0, 4, GNTREF.xenstore).page).toBe(host.ringPage(4));
  });
});

describe("a grant table", () => {
  test.each([
    { maxGrantFrames: -1, size: 64 * 512 },
    { maxGrantFrames: 65, size: 64 * 512 },
    { maxGrantFrames: 4, size: 4 * 512 },
    { maxGrantFrames: 1, size: 512 },
    { maxGrantFrames: 0, size: 0 },
  ])("of $maxGrantFrames frames has $size places", ({ maxGrantFrames, size }) => {
    const host = createHypervisor();
    create(host, 1, { maxGrantFrames });
    const grant = (ref: number): void =>
      host.grantAccess(1, ref, { grantee: 0, gfn: 1, access: RW });
    if (size > 0) for (const ref of [0, size - 1]) grant(ref);
    for (const ref of [size, size + 1]) expect(() => grant(ref)).toThrow(errno("EINVAL"));
  });

  test("shares with any domid that has 16 bits", () => {
    const host = createHypervisor();
    const grant = { gfn: 1, access: RW } as const;
    host.grantAccess(0, 1, { ...grant, grantee: 0xffff });
    expect(host.dump().domains[0]?.grants).toEqual([[1, { ...grant, grantee: 0xffff }]]);
    expect(() => host.grantAccess(0, 1, { ...grant, grantee: 0x1_0000 })).toThrow(errno("EINVAL"));
  });

  test("shares only pages that there can be", () => {
    const host = createHypervisor({ limits: { guestPages: 1 } });
    host.createDomain();
    host.guestPage(1, 1);
    expect(() => host.grantAccess(1, 1, { grantee: 0, gfn: 2, access: RW })).toThrow(
      errno("ENOMEM"),
    );
  });
});

describe("mapping", () => {
  test("a grant is for whom it was given", () => {
    const host = sharing();
    expect(() => host.mapGrant(0, 1, 9)).toThrow(errno("EPERM"));
    expect(() => host.mapGrant(2, 1, 8)).toThrow(errno("ENOENT"));
    expect(() => host.mapGrant(2, 77, 9)).toThrow(errno("ESRCH"));
    expect(() => host.mapForeignPage(2, 1, 5)).toThrow(errno("EPERM"));
    expect(() => host.revokeGrant(1, 8)).toThrow(errno("ENOENT"));
    for (const ref of [-1, 1.5, 64 * 512]) {
      expect(() => host.grantAccess(1, ref, { grantee: 0, gfn: 1, access: RW })).toThrow(
        errno("EINVAL"),
      );
    }
  });

  test("keeps a dead domain a zombie, and its page what it was, until the last is unmapped", () => {
    const host = sharing();
    const { events } = listen(host);
    const first = host.mapGrant(2, 1, 9);
    const second = host.mapForeignPage(0, 1, 5);
    first.page[0] = 1;
    host.destroyDomain(1);
    expect(second.page[0]).toBe(1);
    expect(drained(host)).toEqual([[1, STATE.exist | STATE.dead]]);
    expect(() => host.mapGrant(2, 1, 9)).toThrow(errno("ENOENT"));
    expect(() => host.mapForeignPage(0, 1, 5)).toThrow(errno("EINVAL"));
    host.unmap(first.handle);
    expect(query(host, 0, 1)).toMatchObject({ state: STATE.exist | STATE.dead });
    events();
    host.unmap(second.handle);
    expect([events(), drained(host)]).toEqual([1, [[1, 0]]]);
    expect(() => host.unmap(second.handle)).toThrow(errno("EINVAL"));
  });

  test("is not for a domain on its way out", () => {
    const host = sharing();
    host.setTeardownSteps(2, 1);
    host.destroyStep(2);
    expect(() => host.mapGrant(2, 1, 9)).toThrow(errno("EINVAL"));
  });

  test("is not of a domain on its way out, which has its grants and pages still", () => {
    const host = sharing();
    host.setTeardownSteps(1, 1);
    host.destroyStep(1);
    expect(() => host.mapGrant(2, 1, 9)).toThrow(errno("EINVAL"));
    expect(() => host.mapForeignPage(0, 1, 5)).toThrow(errno("EINVAL"));
    expect(host.dump().domains[1]?.pages).toHaveLength(1);
  });

  test("makes no page for who may not map it", () => {
    const host = sharing();
    expect(() => host.mapForeignPage(2, 1, 6)).toThrow(errno("EPERM"));
    expect(host.dump().domains[1]?.pages.map(([gfn]) => gfn)).toEqual([5]);
  });

  test("ends with the death of the mapper, which frees the zombie", () => {
    const host = sharing();
    host.mapGrant(2, 1, 9);
    host.destroyDomain(1);
    expect(host.domain(1)?.references).toBe(1);
    host.destroyDomain(2);
    expect(host.domainCount).toBe(1);
  });

  test("ends one by one: what is left still holds the owner, and ends with the mapper", () => {
    const host = sharing();
    const first = host.mapGrant(2, 1, 9);
    host.mapGrant(2, 1, 9);
    host.unmap(first.handle);
    host.destroyDomain(1);
    expect(host.domain(1)?.references).toBe(1);
    host.destroyDomain(2);
    expect(host.domainCount).toBe(1);
  });

  test("a page of its own holds no domain back", () => {
    const host = sharing();
    host.grantAccess(1, 3, { grantee: 1, gfn: 5, access: RW });
    host.mapGrant(1, 1, 3);
    host.destroyDomain(1);
    expect(host.domain(1)).toBeUndefined();
  });

  test("has a limit for each domain", () => {
    const host = createHypervisor({ limits: { mappings: 2 } });
    host.createDomain();
    host.mapForeignPage(0, 1, 1);
    const { handle } = host.mapForeignPage(0, 1, 1);
    expect(() => host.mapForeignPage(0, 1, 1)).toThrow(errno("ENOSPC"));
    host.unmap(handle);
    host.mapForeignPage(0, 1, 1);
  });
});

describe("grant_table_op", () => {
  const map = (
    host: Hypervisor,
    caller: number,
    dom: number,
    ref: number,
    flags: number = GNTMAP.hostMap,
  ): { status: number; handle: number } => {
    const request = { hostAddr: 0n, flags, ref, dom, status: 7, handle: 99, devBusAddr: 0n };
    const bytes = gnttabMapGrantRef.encode(request);
    expect(host.hypercall(caller, HYPERVISOR.grantTableOp, bytes, GNTTABOP.mapGrantRef)).toBe(0);
    return gnttabMapGrantRef.decode(bytes);
  };
  const unmap = (host: Hypervisor, caller: number, handle: number): number => {
    const bytes = gnttabUnmapGrantRef.encode({ hostAddr: 0n, devBusAddr: 0n, handle, status: 7 });
    expect(host.hypercall(caller, HYPERVISOR.grantTableOp, bytes, GNTTABOP.unmapGrantRef)).toBe(0);
    return gnttabUnmapGrantRef.decode(bytes).status;
  };

  test("maps and unmaps a grant, and a handle is only its maker's", () => {
    const host = sharing();
    const { status, handle } = map(host, 2, 1, 9);
    expect(status).toBe(GNTST.okay);
    expect(host.mappedPage(handle)).toBe(host.guestPage(1, 5));
    expect(unmap(host, 0, handle)).toBe(GNTST.badHandle);
    expect(unmap(host, 2, handle)).toBe(GNTST.okay);
    expect(unmap(host, 2, handle)).toBe(GNTST.badHandle);
  });

  test("says in the status why not", () => {
    const host = sharing();
    host.grantAccess(1, 4, { grantee: 2, gfn: 5, access: "read-only" });
    expect(map(host, 2, 77, 9)).toMatchObject({ status: GNTST.badDomain, handle: 99 });
    const dead = host.createDomain();
    host.holdReference(dead);
    host.destroyDomain(dead);
    expect(map(host, 2, dead, 9)).toMatchObject({ status: GNTST.badDomain });
    expect(map(host, 2, 1, 8)).toMatchObject({ status: GNTST.badGntref });
    expect(map(host, 0, 1, 9)).toMatchObject({ status: GNTST.permissionDenied });
    expect(map(host, 2, 1, 9, GNTMAP.deviceMap)).toMatchObject({ status: GNTST.generalError });
    expect(map(host, 2, 1, 4)).toMatchObject({ status: GNTST.generalError });
    expect(map(host, 2, 1, 4, GNTMAP.hostMap | GNTMAP.readonly)).toMatchObject({
      status: GNTST.okay,
    });
  });

  test("says in the status that the caller has mapped all that it may", () => {
    const host = createHypervisor({ limits: { mappings: 1 } });
    host.createDomain();
    host.ringPage(1);
    expect(map(host, 0, 1, GNTREF.xenstore)).toMatchObject({ status: GNTST.okay });
    expect(map(host, 0, 1, GNTREF.xenstore)).toMatchObject({ status: GNTST.noSpace, handle: 99 });
  });

  test("refuses short buffers and unknown commands", () => {
    const host = sharing();
    const call = (cmd: number): number =>
      host.hypercall(2, HYPERVISOR.grantTableOp, new Uint8Array(8), cmd);
    expect([GNTTABOP.mapGrantRef, GNTTABOP.unmapGrantRef, 5].map(call)).toEqual([
      -ERRNO.EFAULT,
      -ERRNO.EFAULT,
      -ERRNO.ENOSYS,
    ]);
  });
});
