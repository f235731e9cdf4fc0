import { CAPS, DOMID, ERRNO, getDomainState, HYPERVISOR, STATE, VIRQ } from "@xenkit/abi";
import { createHypervisor, defaultPolicy } from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { begin, carryOut, drain, drained, hexOf, listen, query } from "./calls.ts";

describe("the order of the checks", () => {
  test.each([
    { why: "no buffer", bytes: undefined, errno: ERRNO.EFAULT },
    { why: "a buffer that ends early", bytes: new Uint8Array(143), errno: ERRNO.EFAULT },
    { why: "an empty buffer", bytes: new Uint8Array(0), errno: ERRNO.EFAULT },
  ])("$why is EFAULT", ({ bytes, errno }) => {
    expect(createHypervisor().hypercall(0, HYPERVISOR.domctl, bytes)).toBe(-errno);
  });

  test.each([
    { release: "4.21", caller: "dom0", unknown: ERRNO.ESRCH },
    { release: "4.21", caller: "guest", unknown: ERRNO.ESRCH },
    { release: "4.21", caller: "store", unknown: ERRNO.ESRCH },
    { release: "4.22", caller: "dom0", unknown: ERRNO.ESRCH },
    { release: "4.22", caller: "guest", unknown: ERRNO.EPERM },
    { release: "4.22", caller: "store", unknown: ERRNO.EPERM },
  ] as const)(
    "an unknown domid is $unknown to $caller on $release, pad0 or not",
    ({ release, caller, unknown }) => {
      const host = createHypervisor({ release });
      const callers = {
        dom0: 0,
        guest: host.createDomain(),
        store: host.createDomain({ caps: CAPS.xenstore }),
      };
      for (const domid of [
        77,
        DOMID.self,
        DOMID.io,
        DOMID.xen,
        DOMID.cow,
        DOMID.any,
        DOMID.idle,
        0x8000,
        0xffff,
      ]) {
        const bytes = getDomainState.encodeRequest(domid);
        expect(host.hypercall(callers[caller], HYPERVISOR.domctl, bytes)).toBe(-unknown);
        bytes[20] = 1;
        expect(host.hypercall(callers[caller], HYPERVISOR.domctl, bytes)).toBe(-unknown);
        bytes[4] = 1;
        expect(host.hypercall(callers[caller], HYPERVISOR.domctl, bytes)).toBe(-ERRNO.EACCES);
      }
    },
  );

  test("permission comes before pad0, pad0 before the handler, the handler before the marks", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    const store = host.createDomain({ caps: CAPS.xenstore });
    const bad = getDomainState.encodeRequest(DOMID.invalid);
    bad[20] = 1;
    const call = (caller: number): number => host.hypercall(caller, HYPERVISOR.domctl, bad.slice());
    expect([guest, store, 0].map(call)).toEqual([-ERRNO.EPERM, -ERRNO.EINVAL, -ERRNO.EINVAL]);
    bad[20] = 0;
    expect([guest, store, 0].map(call)).toEqual([-ERRNO.EPERM, -ERRNO.EACCES, -ERRNO.ENOENT]);
  });
});

describe("an answer", () => {
  test("is these bytes and touches no others", () => {
    const host = createHypervisor({ firstUniqueId: 0x0123456789abcdefn });
    listen(host);
    host.shutdownDomain(host.createDomain({ caps: CAPS.xenstore }));
    const bytes = new Uint8Array(144).fill(0xa5);
    bytes.set(getDomainState.encodeRequest(DOMID.invalid).subarray(0, 10));
    bytes.fill(0, 20, 24);
    expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
    expect(hexOf(bytes)).toBe(
      `5a00000000000000${"0100"}${"a5".repeat(6)}${"03000400"}00000000${"f0cdab8967452301"}${"a5".repeat(112)}`,
    );
  });

  test("is the same in a buffer at any offset, shared or not", () => {
    const host = createHypervisor({ firstUniqueId: 0x0123456789abcdefn });
    host.createDomain();
    const whole = getDomainState.encodeRequest(1);
    host.hypercall(0, HYPERVISOR.domctl, whole);
    fc.assert(
      fc.property(fc.nat(9), fc.boolean(), (offset, shared) => {
        const buffer = shared ? new SharedArrayBuffer(160) : new ArrayBuffer(160);
        const bytes = new Uint8Array(buffer, offset, 144);
        bytes.set(getDomainState.encodeRequest(1));
        expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
        expect(hexOf(bytes)).toBe(hexOf(whole));
      }),
    );
  });

  test("is 0 and nothing else, straight through or step by step", () => {
    const host = createHypervisor();
    listen(host);
    host.createDomain();
    const bytes = getDomainState.encodeRequest(1);
    expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
    expect(host.begin(0, HYPERVISOR.domctl, getDomainState.encodeRequest(1)).result).toBe(0);
    const call = begin.drain(host, bytes);
    expect(call.result).toBe(0);
    carryOut(call);
    expect(call.result).toBe(0);
  });

  test("about one domain does not take its mark", () => {
    const host = createHypervisor();
    listen(host);
    host.createDomain();
    expect(query(host, 0, 1)).toMatchObject({ domid: 1, state: STATE.exist });
    expect(host.changedCount).toBe(1);
  });

  test("is for the device model about its target only, and never a drain", () => {
    const host = createHypervisor();
    const target = host.createDomain();
    const model = host.createDomain();
    const other = host.createDomain();
    host.setTarget(model, target);
    expect(query(host, model, target)).toMatchObject({ domid: target });
    expect(query(host, model, other)).toBe(-ERRNO.EPERM);
    expect(query(host, model, model)).toBe(-ERRNO.EPERM);
    expect(query(host, model, DOMID.invalid)).toBe(-ERRNO.EPERM);
  });
});

describe("binding VIRQ_DOM_EXC", () => {
  test("marks exactly the domains that are there, zombies too, and raises nothing", () => {
    const host = createHypervisor();
    for (let domid = 1; domid <= 3; domid += 1) host.createDomain();
    host.holdReference(2);
    host.destroyDomain(2);
    host.destroyDomain(3);
    const channels = host.eventChannels(0);
    const port = channels.bindVirq(VIRQ.domExc);
    expect(channels.isPending(port)).toBe(false);
    expect(drained(host)).toEqual([
      [0, STATE.exist],
      [1, STATE.exist],
      [2, STATE.exist | STATE.dead],
    ]);
  });

  test("changes while it is not bound are not recorded; binding again begins anew", () => {
    const host = createHypervisor();
    const { port } = listen(host);
    host.createDomain();
    host.eventChannels(0).close(port);
    expect(host.changedCount).toBeUndefined();
    expect(drained(host)).toEqual([]);
    host.destroyDomain(1);
    host.createDomain();
    host.eventChannels(0).bindVirq(VIRQ.domExc);
    expect(drained(host).map(([domid]) => domid)).toEqual([0, 2]);
  });

  test("the death of the handler gives the VIRQ back to the hardware domain, unbound", () => {
    const host = createHypervisor();
    const store = host.createDomain({ caps: CAPS.xenstore });
    host.setVirqHandler(store);
    listen(host, store);
    expect(query(host, 0, DOMID.invalid)).toBe(-ERRNO.EACCES);
    host.destroyDomain(store);
    expect(query(host, 0, DOMID.invalid)).toBe(-ERRNO.ENOENT);
    host.eventChannels(0).bindVirq(VIRQ.domExc);
    expect(drained(host).map(([domid]) => domid)).toEqual([0]);
  });
});

test("of a domain that is gone the answer is all zeroes, whatever was in the buffer", () => {
  const host = createHypervisor();
  listen(host);
  host.createDomain();
  host.destroyDomain(1);
  const bytes = new Uint8Array(144).fill(0xff);
  bytes.set(getDomainState.encodeRequest(DOMID.invalid).subarray(0, 10));
  bytes.fill(0, 20, 24);
  expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
  expect(hexOf(bytes.subarray(8, 34))).toBe(`0100${"ff".repeat(6)}${"00".repeat(16)}ffff`);
});

describe.each(["clear-first", "lookup-first"] as const)("a drain, %s", (drainOrder) => {
  test("is for the handler, and finds nothing where nothing is recorded", () => {
    const host = createHypervisor({ drainOrder });
    const store = host.createDomain({ caps: CAPS.xenstore });
    expect(query(host, store, DOMID.invalid)).toBe(-ERRNO.EACCES);
    expect(query(host, 0, DOMID.invalid)).toBe(-ERRNO.ENOENT);
  });

  test("by step gives every domid from 0 on and ends, and is for the handler too", () => {
    const host = createHypervisor({ drainOrder });
    const store = host.createDomain({ caps: CAPS.xenstore });
    const byStep = (caller: number): number => {
      const bytes = new Uint8Array(144);
      const call = begin.drain(host, bytes, caller);
      carryOut(call);
      return call.result === 0 ? getDomainState.decode(bytes).domid : call.result;
    };
    expect([byStep(store), byStep(0)]).toEqual([-ERRNO.EACCES, -ERRNO.ENOENT]);
    host.eventChannels(0).bindVirq(VIRQ.domExc);
    expect([byStep(0), byStep(0), byStep(0)]).toEqual([0, store, -ERRNO.ENOENT]);
  });

  test("passes over a domain that the caller may not see, in these steps", () => {
    const host = createHypervisor({
      drainOrder,
      policy: (caller, action, target) =>
        target.domid !== 1 && defaultPolicy(caller, action, target),
    });
    listen(host);
    host.createDomain();
    host.createDomain();
    const [full, empty] = {
      "clear-first": [
        ["take-mark", "look-up", "put-mark-back", "take-mark", "look-up", "answer"],
        ["take-mark", "look-up", "put-mark-back", "take-mark"],
      ],
      "lookup-first": [
        ["find-mark", "look-up", "find-mark", "look-up", "clear-mark", "answer"],
        ["find-mark", "look-up", "find-mark"],
      ],
    }[drainOrder];
    expect(carryOut(begin.drain(host, new Uint8Array(144)))).toEqual(full);
    expect(carryOut(begin.drain(host, new Uint8Array(144)))).toEqual(empty);
    expect(host.changedCount).toBe(1);
  });
});

describe("the order of look-up and clear", () => {
  /** Domain 1 is gone and marked; while dom0 drains, another CPU creates a new domain 1. */
  const createDuringDrain = (
    drainOrder: "clear-first" | "lookup-first",
    at: "look-up" | "clear-mark",
  ): { told: unknown; later: [number, number][] } => {
    const host = createHypervisor({ drainOrder });
    listen(host);
    host.createDomain();
    host.destroyDomain(1);
    const bytes = new Uint8Array(144);
    const call = begin.drain(host, bytes);
    carryOut(call, (step) => {
      if (step === at) host.createDomain({ domid: 1 });
    });
    expect(call.result).toBe(0);
    const told = getDomainState.decode(bytes);
    return { told, later: drain(host).map(({ domid, state }) => [domid, state]) };
  };

  test("Xen's loses a domain that is created in between", () => {
    const { told, later } = createDuringDrain("lookup-first", "clear-mark");
    expect(told).toMatchObject({ domid: 1, state: 0 });
    expect(later).toEqual([]);
  });

  test("ours tells of it in this answer or the next", () => {
    const { told, later } = createDuringDrain("clear-first", "look-up");
    expect(told).toMatchObject({ domid: 1, state: STATE.exist });
    expect(later).toEqual([[1, STATE.exist]]);
  });

  test("a mark that another drain took in between is passed over", () => {
    const host = createHypervisor({ drainOrder: "lookup-first" });
    listen(host);
    for (let domid = 1; domid <= 2; domid += 1) host.createDomain();
    const bytes = new Uint8Array(144);
    let other: unknown;
    carryOut(begin.drain(host, bytes), (step) => {
      if (step === "clear-mark") other ??= query(host, 0, DOMID.invalid);
    });
    expect(other).toMatchObject({ domid: 1 });
    expect(getDomainState.decode(bytes)).toMatchObject({ domid: 2 });
  });

  test("both give the same answers where nothing comes in between", () => {
    const runs = (["clear-first", "lookup-first"] as const).map((drainOrder) => {
      const host = createHypervisor({ drainOrder });
      listen(host);
      for (let domid = 1; domid <= 5; domid += 1) host.createDomain();
      host.destroyDomain(3);
      host.shutdownDomain(4);
      return drain(host);
    });
    expect(runs[0]).toEqual(runs[1]);
  });
});
