import { DOMID, ERRNO } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { create } from "./calls.ts";

const LAST = DOMID.firstReserved - 1;

describe("automatic domids", () => {
  test("go upwards from 1, and a freed one is not handed out again at once", () => {
    const host = createHypervisor();
    expect([host.createDomain(), host.createDomain()]).toEqual([1, 2]);
    host.destroyDomain(2);
    host.destroyDomain(1);
    expect(host.createDomain()).toBe(3);
  });

  test("skip those in use; explicit ones do not move the cursor", () => {
    const host = createHypervisor();
    host.createDomain({ domid: 2 });
    host.createDomain({ domid: 500 });
    expect([host.createDomain(), host.createDomain(), host.createDomain()]).toEqual([1, 3, 4]);
  });

  test("wrap from 0x7FEF to 1, never to 0", () => {
    const host = createHypervisor({ dom0Vcpus: false });
    for (let domid = 1; domid < LAST; domid += 1) host.destroyDomain(host.createDomain());
    expect([host.createDomain(), host.createDomain(), host.createDomain()]).toEqual([LAST, 1, 2]);
  });

  test("wrap to 1 also where another host went on, and never to 0", () => {
    const host = createHypervisor({ dom0Vcpus: false });
    host.load({ ...host.dump(), domidCursor: LAST });
    expect(host.createDomain()).toBe(1);
  });

  test("all waiting to be free: EEXIST, and then the same order as before", () => {
    const free: (() => void)[] = [];
    const host = createHypervisor({ schedule: (step) => free.push(step) });
    const limbo = Array.from({ length: LAST }, (_, at) => at + 1);
    host.load({ ...host.dump(), domidCursor: 7, limbo });
    expect(() => host.createDomain()).toThrow("EEXIST");
    for (const domid of [5, 9]) free[domid - 1]?.();
    expect([host.createDomain(), host.createDomain()]).toEqual([9, 5]);
  });

  test("are used up by a creation that fails later, which uses up no unique id", () => {
    const host = createHypervisor();
    expect(create(host, DOMID.any, { flags: 0x40000000 })).toBe(-ERRNO.EINVAL);
    expect(create(host, 1, { flags: 0x40000000 })).toBe(-ERRNO.EINVAL);
    expect(host.createDomain()).toBe(2);
    expect(host.domain(2)?.uniqueId).toBe(2n);
  });

  test("all in use: EEXIST, for as long as no other than the last one is free", () => {
    const host = createHypervisor();
    for (let domid = 1; domid <= LAST; domid += 1) host.createDomain();
    expect(host.domainCount).toBe(LAST + 1);
    expect(() => host.createDomain()).toThrow("EEXIST");
    host.destroyDomain(LAST);
    expect(() => host.createDomain()).toThrow("EEXIST");
    host.destroyDomain(7);
    expect(host.createDomain()).toBe(7);
    expect(host.createDomain()).toBe(LAST);
  });
});

describe("explicit domids", () => {
  test.each([
    { domid: 1, made: 1 },
    { domid: LAST, made: LAST },
    { domid: 0, made: -ERRNO.EEXIST },
    { domid: DOMID.self, made: -ERRNO.EEXIST },
    { domid: 0x8000, made: -ERRNO.EEXIST },
  ])("$domid gives $made", ({ domid, made }) => {
    expect(create(createHypervisor(), domid)).toBe(made);
  });

  test("0 is free where there is no dom0", () => {
    expect(createHypervisor({ dom0Vcpus: false }).createDomain({ domid: 0 })).toBe(0);
  });
});

describe("the limit of domains", () => {
  test("is ENOMEM, and room comes back only when a domain is freed", () => {
    const host = createHypervisor({ limits: { domains: 2 } });
    host.createDomain();
    expect(create(host, DOMID.any)).toBe(-ERRNO.ENOMEM);
    host.holdReference(1);
    host.destroyDomain(1);
    expect(create(host, DOMID.any)).toBe(-ERRNO.ENOMEM);
    host.releaseReference(1);
    expect(create(host, DOMID.any)).toBe(4);
  });
});
