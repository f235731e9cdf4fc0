import { CAPS, CDF, DOMCTL, EVTCHNSTAT, VIRQ } from "@xenkit/abi";
import { createHypervisor, GNTREF } from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { domctl, drained } from "./calls.ts";
import { rich } from "./hosts.ts";
import { operations, perform } from "./random-operations.ts";
import { throughJson, withValue } from "./states.ts";

describe("dump and load", () => {
  test("give the same host", () => {
    const state = throughJson(rich());
    const copy = createHypervisor();
    copy.load(state);
    expect(copy.dump()).toEqual(state);
    expect(copy.domains()).toEqual(rich().domains());
    expect(drained(copy).map(([domid]) => domid)).toEqual([1, 2]);
  });

  test("keep shared pages shared, also those of a dead owner", () => {
    const copy = createHypervisor();
    copy.load(throughJson(rich()));
    expect(copy.mappedPage(1)[1]).toBe(0xee);
    expect(copy.mappedPage(2)[9]).toBe(7);
    copy.unmap(1);
    expect(copy.domain(1)).toBeDefined();
    copy.unmap(2);
    expect(copy.domain(1)).toBeUndefined();
  });

  test("keep the pages of the living shared, and who maps its own page free to go", () => {
    const host = createHypervisor();
    host.createDomain();
    host.mapForeignPage(0, 1, 5).page.fill(3);
    host.grantAccess(1, 3, { grantee: 1, gfn: 5, access: "read-write" });
    host.mapGrant(1, 1, 3);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    for (const handle of [1, 2]) expect(copy.mappedPage(handle)).toBe(copy.guestPage(1, 5));
    expect(copy.domain(1)?.references).toBe(1);
    copy.unmap(1);
    copy.destroyDomain(1);
    expect(copy.domain(1)).toBeUndefined();
  });

  test("keep what two have mapped of a dead domain one page", () => {
    const host = createHypervisor();
    host.createDomain();
    host.createDomain({ caps: CAPS.control });
    for (const mapper of [0, 2]) host.mapForeignPage(mapper, 1, 5).page.fill(3);
    host.mapForeignPage(0, 1, 6);
    host.destroyDomain(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    expect(copy.mappedPage(2)).toBe(copy.mappedPage(1));
    expect([copy.mappedPage(1)[0], copy.mappedPage(3)[0]]).toEqual([3, 0]);
  });

  test("say what a domain was made with when nothing was said, and its memory in hexadecimal digits", () => {
    const host = createHypervisor();
    host.createDomain();
    domctl(host, 0, DOMCTL.maxMem, 1, 0xabcdef, 0);
    expect(host.dump().domains[1]).toMatchObject({
      config: { ssidref: 0, flags: CDF.hvm | CDF.hap, maxVcpus: 1, maxEvtchnPort: 1023 },
      caps: 0,
      vcpus: 1,
      pauseCount: 1,
      maxMemKb: "0xabcdef",
    });
    expect(host.dump().domains[0]).toMatchObject({ config: { flags: CDF.oosOff }, pauseCount: 0 });
  });

  test("say of a port what it is, and 0 for all that it is not", () => {
    const host = createHypervisor();
    host.eventChannels(0).bindIpi();
    expect(host.dump().domains[0]?.ports).toEqual([
      {
        number: 1,
        kind: EVTCHNSTAT.ipi,
        remoteDomid: 0,
        remotePort: 0,
        virq: 0,
        vcpu: 0,
        masked: false,
      },
    ]);
  });

  test("say of a mapping by which grant it was made, -1 for none", () => {
    const host = createHypervisor();
    host.createDomain();
    host.ringPage(1);
    host.mapGrant(0, 1, GNTREF.xenstore);
    host.mapForeignPage(0, 1, 5);
    expect(host.dump().mappings).toMatchObject([{ ref: GNTREF.xenstore }, { ref: -1, gfn: 5 }]);
  });

  test("keep who handles a VIRQ in place of the hardware domain", () => {
    const host = createHypervisor();
    host.setVirqHandler(host.createDomain(), VIRQ.console);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    expect(() => copy.eventChannels(0).bindVirq(VIRQ.console)).toThrow("EBUSY");
    expect(copy.eventChannels(1).bindVirq(VIRQ.console)).toBe(1);
  });

  test("take a handle without digits for zeroes", () => {
    const host = createHypervisor();
    const before = host.dump();
    host.load(withValue(before, ["domains", 0, "config", "handle"], ""));
    expect(host.dump()).toEqual(before);
  });

  test("keep how often a domain is held by name", () => {
    const host = createHypervisor();
    host.createDomain();
    expect(host.dump().domains[1]).toMatchObject({ heldReferences: 0, maxMemKb: "0x0" });
    host.holdReference(1);
    host.holdReference(1);
    host.releaseReference(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    copy.releaseReference(1);
    expect(() => copy.releaseReference(1)).toThrow("EINVAL");
  });

  test("keep handles of domains good, whatever the unique id", () => {
    const host = createHypervisor({ firstUniqueId: 0x8000_0002_8000_0001n });
    const dom0 = host.eventChannels(0);
    host.load(throughJson(host));
    expect(dom0.bindIpi()).toBe(1);
  });

  test.each([1n, 2n ** 32n])("end a handle whose domain has another unique id, by %s", (more) => {
    const host = createHypervisor({ firstUniqueId: 5n });
    const dom0 = host.eventChannels(0);
    host.load(throughJson(createHypervisor({ firstUniqueId: 5n + more })));
    expect(() => dom0.bindIpi()).toThrow("ESRCH");
  });

  test("forget what the old state had put off", () => {
    const later: (() => void)[] = [];
    const host = createHypervisor({ schedule: (step) => later.push(step) });
    const before = throughJson(host);
    host.createDomain();
    host.destroyDomain(1);
    host.load(before);
    host.createDomain({ domid: 1 });
    for (const step of later) step();
    expect(() => host.createDomain({ domid: 1 })).toThrow("EEXIST");
    host.destroyDomain(1);
  });

  test("at any point of any run, the loaded host goes on as the first does", () => {
    fc.assert(
      fc.property(operations(40), operations(25), (before, after) => {
        const options = { uniqueIds: "xorshift", teardownSteps: 1 } as const;
        const first = createHypervisor(options);
        for (const operation of before) perform(first, operation);
        const second = createHypervisor(options);
        second.load(throughJson(first));
        for (const operation of after) {
          expect(perform(second, operation)).toEqual(perform(first, operation));
        }
        expect(second.dump()).toEqual(first.dump());
      }),
      { numRuns: 150 },
    );
  });

  test("finish a free that was put off", () => {
    const host = createHypervisor({ schedule: () => {} });
    host.createDomain();
    host.destroyDomain(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    expect(copy.createDomain({ domid: 1 })).toBe(1);
  });

  test("keep a domid in use until a free that was put off again is carried out", () => {
    const host = createHypervisor({ schedule: () => {} });
    host.createDomain();
    host.destroyDomain(1);
    const later: (() => void)[] = [];
    const copy = createHypervisor({ schedule: (step) => later.push(step) });
    copy.load(throughJson(host));
    expect(() => copy.createDomain({ domid: 1 })).toThrow("EEXIST");
    for (const step of later) step();
    expect(copy.createDomain({ domid: 1 })).toBe(1);
  });

  test.each(["0x1", "0xffffffff", "0x100000000", "0xffffffffffffffff"])(
    "keep the unique id %s, one of all that there are",
    (uniqueId) => {
      const state = throughJson(createHypervisor({ firstUniqueId: BigInt(uniqueId) }));
      const copy = createHypervisor();
      copy.load(state);
      expect(copy.domain(0)?.uniqueId).toBe(BigInt(uniqueId));
    },
  );

  test("go on with the ids that come next, also where none was given yet", () => {
    const copy = createHypervisor({ firstUniqueId: 50n });
    copy.load(throughJson(createHypervisor()));
    expect(copy.domain(copy.createDomain())?.uniqueId).toBe(2n);
    copy.load(throughJson(createHypervisor({ dom0Vcpus: false })));
    expect(copy.domain(copy.createDomain())?.uniqueId).toBe(50n);
  });

  test("keep the ids of a walk, which goes down as well as up", () => {
    const highest = 2n ** 64n - 1n;
    const host = createHypervisor({ uniqueIds: "xorshift", firstUniqueId: highest });
    host.createDomain();
    const copy = createHypervisor({ uniqueIds: "xorshift" });
    copy.load(throughJson(host));
    expect(copy.domain(0)?.uniqueId).toBe(highest);
  });

  test("deliver the events that waited", () => {
    const host = createHypervisor({ deliver: () => {} });
    host.eventChannels(0).notify(host.eventChannels(0).bindIpi());
    const copy = createHypervisor();
    const calls: number[] = [];
    copy.eventChannels(0).onEvent((port) => calls.push(port));
    copy.load(throughJson(host));
    expect(calls).toEqual([1]);
  });
});
