import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const idOf = (host: Hypervisor, domid: number): bigint | undefined => host.domain(domid)?.uniqueId;

const MASK = 2n ** 64n - 1n;

const step = (id: bigint): bigint => {
  let x = id;
  x ^= (x << 13n) & MASK;
  x ^= x >> 7n;
  x ^= (x << 17n) & MASK;
  return x;
};

describe("unique ids by sequence", () => {
  test("are 1, 2, 3 …, also for a domid that is used again", () => {
    const host = createHypervisor();
    host.createDomain({ domid: 5 });
    host.destroyDomain(5);
    host.createDomain({ domid: 5 });
    expect([idOf(host, 0), idOf(host, 5)]).toEqual([1n, 3n]);
  });

  test.each([2n ** 32n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 4n])(
    "go on beyond %s without losing a bit",
    (first) => {
      const host = createHypervisor({ firstUniqueId: first });
      host.createDomain();
      host.createDomain();
      expect([0, 1, 2].map((domid) => idOf(host, domid))).toEqual([first, first + 1n, first + 2n]);
    },
  );

  test("end at 2^64 − 1: none is 0 and none comes twice", () => {
    const host = createHypervisor({ firstUniqueId: MASK });
    expect(idOf(host, 0)).toBe(MASK);
    expect(() => host.createDomain()).toThrow("ENOSPC");
  });
});

describe("unique ids by xorshift", () => {
  test("are the recorded chain of Xen 4.22", () => {
    const host = createHypervisor({ uniqueIds: "xorshift", firstUniqueId: 0x08cf466dc2173189n });
    host.createDomain();
    host.createDomain();
    expect([1, 2].map((domid) => idOf(host, domid))).toEqual([
      0x16640f0fc13a5daan,
      0x6f274bf2dcb80391n,
    ]);
  });

  test("walk from the clock, or from the first id that was asked for", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: MASK }), (start) => {
        const options = { uniqueIds: "xorshift", limits: { domains: 3 } } as const;
        const byClock = createHypervisor({ ...options, clock: () => start });
        const byFirst = createHypervisor({ ...options, firstUniqueId: start });
        byClock.createDomain();
        byFirst.createDomain();
        expect([idOf(byClock, 0), idOf(byClock, 1)]).toEqual([step(start), step(step(start))]);
        expect([idOf(byFirst, 0), idOf(byFirst, 1)]).toEqual([start, step(start)]);
      }),
      { numRuns: 30 },
    );
  });

  test("walk from 1 without a clock, and from the lower 64 bits of one", () => {
    const ids = [
      createHypervisor({ uniqueIds: "xorshift" }),
      createHypervisor({ uniqueIds: "xorshift", clock: () => 2n ** 64n + 5n }),
      createHypervisor({ uniqueIds: "xorshift", clock: () => -1n }),
      createHypervisor({ uniqueIds: "xorshift", clock: () => 2n ** 64n }),
    ].map((host) => idOf(host, 0));
    expect(ids).toEqual([step(1n), step(5n), step(MASK), step(1n)]);
  });

  test("are never 0, whatever the clock says", () => {
    const host = createHypervisor({ uniqueIds: "xorshift", clock: () => 0n });
    expect(idOf(host, 0)).toBe(step(1n));
  });
});

test.each([0n, 2n ** 64n])("a first id of %s is refused", (firstUniqueId) => {
  expect(() => createHypervisor({ firstUniqueId })).toThrow(
    expect.objectContaining({ code: "bad-option" }),
  );
});
