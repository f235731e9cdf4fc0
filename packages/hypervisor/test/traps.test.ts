import {
  CAPS,
  DOMCTL,
  DOMID,
  ERRNO,
  EVTCHNOP,
  evtchnBindVirq,
  getDomainState,
  HYPERVISOR,
  SCHEDOP,
  STATE,
  VIRQ,
} from "@xenkit/abi";
import { createHypervisor, defaultPolicy, type Policy } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import {
  begin,
  carryOut,
  create,
  createBytes,
  domctl,
  domctlBytes,
  drain,
  drained,
  hexOf,
  listen,
  query,
  shutdown,
} from "./calls.ts";

const bindVirq = (
  host: ReturnType<typeof createHypervisor>,
  caller: number,
  virq: number,
  vcpu = 0,
): number =>
  host.hypercall(
    caller,
    HYPERVISOR.eventChannelOp,
    evtchnBindVirq.encode({ virq, vcpu, port: 0 }),
    EVTCHNOP.bindVirq,
  );

describe("the traps that were found in the real thing after get_domain_state was merged", () => {
  test("trap 1 (XSA-496): a guest without a free port binds a VIRQ, and the handler keeps its marks", () => {
    const host = createHypervisor();
    listen(host);
    const guest = host.createDomain({ maxEvtchnPort: 3 });
    host.createDomain();
    const channels = host.eventChannels(guest);
    for (let port = 1; port <= 3; port += 1) channels.allocUnbound(0);
    expect(bindVirq(host, guest, VIRQ.debug)).toBe(-ERRNO.ENOSPC);
    expect(host.changedCount).toBe(2);
    expect(drained(host)).toEqual([
      [1, STATE.exist],
      [2, STATE.exist],
    ]);
  });

  test("trap 1 (XSA-496): a handler without a free port leaves no bitmap behind", () => {
    const host = createHypervisor({ limits: { eventPorts: 2 } });
    const dom0 = host.eventChannels(0);
    dom0.allocUnbound(1);
    const port = dom0.allocUnbound(1);
    expect(bindVirq(host, 0, VIRQ.domExc)).toBe(-ERRNO.ENOSPC);
    expect(host.changedCount).toBeUndefined();
    dom0.close(port);
    expect(bindVirq(host, 0, VIRQ.domExc)).toBe(0);
    expect(bindVirq(host, 0, VIRQ.debug)).toBe(-ERRNO.ENOSPC);
    expect(host.changedCount).toBe(1);
  });

  test("trap 2 (XSA-492): an unprivileged drain fails before anything of the host is looked at", () => {
    const host = createHypervisor();
    listen(host);
    const guest = host.createDomain();
    const call = begin.drain(host, new Uint8Array(144), guest);
    expect([carryOut(call), call.result]).toEqual([[], -ERRNO.EPERM]);
    expect(query(host, guest, DOMID.invalid)).toBe(-ERRNO.EPERM);
    expect(host.changedCount).toBe(1);
  });

  test("trap 3: the policy gets a defined target for a domain and for the next changed one", () => {
    const targets: (number | undefined)[] = [];
    const policy: Policy = (caller, action, target) => {
      if (action === "get_domain_state") targets.push(target?.domid);
      return defaultPolicy(caller, action, target);
    };
    const host = createHypervisor({ policy });
    listen(host);
    const guest = host.createDomain();
    targets.length = 0;
    query(host, 0, guest);
    expect(targets).toEqual([guest]);
    query(host, 0, DOMID.invalid);
    expect(targets).toEqual([guest, DOMID.xen, guest]);
  });

  test.each(["clear-first", "lookup-first"] as const)(
    "trap 4: a marked domain that the caller may not see keeps its mark and does not end the search (%s)",
    (drainOrder) => {
      let hidden = -1;
      const host = createHypervisor({
        drainOrder,
        policy: (caller, action, target) =>
          target.domid !== hidden && defaultPolicy(caller, action, target),
      });
      listen(host);
      for (let domid = 1; domid <= 3; domid += 1) host.createDomain();
      hidden = 1;
      expect(drained(host).map(([domid]) => domid)).toEqual([2, 3]);
      expect(host.changedCount).toBe(1);
      hidden = -1;
      expect(drained(host).map(([domid]) => domid)).toEqual([1]);
    },
  );

  test("trap 5: no byte of the buffer changes on an error", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    const state = (domid: number, at = 0, value = 0): Uint8Array => {
      const bytes = getDomainState.encodeRequest(domid).fill(0xa5, 24);
      if (at > 0) bytes[at] = value;
      return bytes;
    };
    const calls: [number, number, Uint8Array, number, number][] = [
      [0, HYPERVISOR.domctl, state(77), 0, ERRNO.ESRCH],
      [guest, HYPERVISOR.domctl, state(0), 0, ERRNO.EPERM],
      [0, HYPERVISOR.domctl, state(0, 4, 1), 0, ERRNO.EACCES],
      [0, HYPERVISOR.domctl, state(0, 23, 1), 0, ERRNO.EINVAL],
      [0, HYPERVISOR.domctl, state(DOMID.invalid), 0, ERRNO.ENOENT],
      [0, HYPERVISOR.domctl, createBytes(host, guest), 0, ERRNO.EEXIST],
      [0, HYPERVISOR.domctl, createBytes(host, DOMID.any, { flags: 0x40000000 }), 0, ERRNO.EINVAL],
      [0, HYPERVISOR.domctl, domctlBytes(host, DOMCTL.getdomaininfo, 77, 7), 0, ERRNO.ESRCH],
      [0, HYPERVISOR.domctl, domctlBytes(host, 4711, 0, 7), 0, ERRNO.ENOSYS],
      [0, HYPERVISOR.eventChannelOp, new Uint8Array(12).fill(24), EVTCHNOP.bindVirq, ERRNO.EINVAL],
      [
        0,
        HYPERVISOR.eventChannelOp,
        new Uint8Array(12).fill(9),
        EVTCHNOP.bindInterdomain,
        ERRNO.ESRCH,
      ],
      [0, HYPERVISOR.eventChannelOp, new Uint8Array(24).fill(9), EVTCHNOP.status, ERRNO.ESRCH],
      [0, HYPERVISOR.schedOp, new Uint8Array(8).fill(9), SCHEDOP.remoteShutdown, ERRNO.ESRCH],
    ];
    for (const [caller, op, bytes, cmd, errno] of calls) {
      const before = hexOf(bytes);
      expect(host.hypercall(caller, op, bytes, cmd)).toBe(-errno);
      expect(hexOf(bytes)).toBe(before);
    }
  });

  test("trap 6: a host without a hardware domain has no handler, and nothing breaks", () => {
    const host = createHypervisor({ dom0Vcpus: false });
    const control = host.createDomain({ caps: CAPS.control });
    const store = host.createDomain({ caps: CAPS.xenstore });
    host.shutdownDomain(host.createDomain());
    host.destroyDomain(3);
    expect(query(host, control, DOMID.invalid)).toBe(-ERRNO.EACCES);
    expect(bindVirq(host, control, VIRQ.domExc)).toBe(-ERRNO.EBUSY);
    host.setVirqHandler(store);
    expect(bindVirq(host, store, VIRQ.domExc)).toBe(0);
    expect(drained(host, store).map(([domid]) => domid)).toEqual([control, store]);
    host.destroyDomain(store);
    expect(query(host, control, DOMID.invalid)).toBe(-ERRNO.EACCES);
    expect(host.load(JSON.parse(JSON.stringify(host.dump())))).toBeUndefined();
  });

  test("trap 7: VIRQs are per vCPU, per domain or global, each bound by its own rules", () => {
    const host = createHypervisor();
    const guest = host.createDomain({ vcpus: 2 });
    for (const virq of [VIRQ.timer, VIRQ.debug, VIRQ.xenoprof, VIRQ.xenpmu]) {
      expect([0, 1, 1, 2].map((vcpu) => bindVirq(host, guest, virq, vcpu))).toEqual([
        0,
        0,
        -ERRNO.EEXIST,
        -ERRNO.ENOENT,
      ]);
    }
    expect([1, 0, 0].map((vcpu) => bindVirq(host, guest, VIRQ.argo, vcpu))).toEqual([
      -ERRNO.EINVAL,
      0,
      -ERRNO.EEXIST,
    ]);
    expect(bindVirq(host, 0, VIRQ.argo)).toBe(0);
    const global = [2, 3, 4, 6, 8, 9, 10, 12, 16, 17, 18, 19, 20, 21, 22, 23];
    for (const virq of global) {
      expect(bindVirq(host, guest, virq, 1)).toBe(-ERRNO.EINVAL);
      expect(bindVirq(host, guest, virq)).toBe(-ERRNO.EBUSY);
      expect(bindVirq(host, 0, virq)).toBe(0);
    }
    expect(domctl(host, 0, DOMCTL.setVirqHandler, guest, VIRQ.argo)).toBe(-ERRNO.EINVAL);
    expect(domctl(host, 0, DOMCTL.setVirqHandler, guest, VIRQ.timer)).toBe(-ERRNO.EINVAL);
    expect(domctl(host, 0, DOMCTL.setVirqHandler, guest, 24)).toBe(-ERRNO.EINVAL);
  });

  test("trap 8: a global VIRQ can neither be taken from its handler nor bound by another", () => {
    const host = createHypervisor();
    const guest = host.createDomain({ caps: CAPS.xenstore });
    expect(bindVirq(host, guest, VIRQ.domExc)).toBe(-ERRNO.EBUSY);
    const { port } = listen(host);
    // It has it already.
    expect(domctl(host, 0, DOMCTL.setVirqHandler, 0, VIRQ.domExc)).toBe(0);
    expect(domctl(host, 0, DOMCTL.setVirqHandler, guest, VIRQ.domExc)).toBe(-ERRNO.EBUSY);
    host.eventChannels(0).close(port);
    expect(domctl(host, 0, DOMCTL.setVirqHandler, guest, VIRQ.domExc)).toBe(0);
    expect(bindVirq(host, 0, VIRQ.domExc)).toBe(-ERRNO.EBUSY);
    expect(bindVirq(host, guest, VIRQ.domExc)).toBe(0);
    expect(domctl(host, 0, DOMCTL.setVirqHandler, 0, VIRQ.domExc)).toBe(-ERRNO.EBUSY);
  });

  test("trap 9: with the policy on and off every operation asks with all that there is to ask", () => {
    const asked: string[] = [];
    const outcomes = (policy: Policy): number[] => {
      const host = createHypervisor({
        policy: (caller, action, target) => {
          expect([typeof caller.domid, typeof caller.caps]).toEqual(["number", "number"]);
          expect([typeof target.domid, typeof target.caps]).toEqual(["number", "number"]);
          asked.push(action);
          return policy(caller, action, target);
        },
      });
      const guest = host.createDomain();
      const other = host.createDomain();
      return [
        domctl(host, guest, DOMCTL.pausedomain, other),
        domctl(host, guest, DOMCTL.getdomaininfo, other),
        host.hypercall(guest, HYPERVISOR.domctl, createBytes(host, DOMID.any)),
        shutdown(host, guest, other),
        typeof query(host, guest, other) === "number" ? -ERRNO.EPERM : 0,
        host.hypercall(guest, HYPERVISOR.eventChannelOp, Uint8Array.of(other, 0), EVTCHNOP.reset),
        host.hypercall(
          guest,
          HYPERVISOR.eventChannelOp,
          Uint8Array.of(other, 0, 0, 0, 0, 0, 0, 0),
          EVTCHNOP.allocUnbound,
        ),
        host.hypercall(
          guest,
          HYPERVISOR.eventChannelOp,
          new Uint8Array(24).fill(other, 0, 1),
          EVTCHNOP.status,
        ),
      ];
    };
    expect(outcomes(() => true)).toEqual(Array(8).fill(0));
    expect(outcomes(() => false)).toEqual(Array(8).fill(-ERRNO.EPERM));
    expect(outcomes(defaultPolicy)).toEqual(Array(8).fill(-ERRNO.EPERM));
    expect([...new Set(asked)].sort()).toEqual([
      "domctl",
      "evtchn_alloc_unbound",
      "evtchn_reset",
      "evtchn_status",
      "get_domain_state",
      "getdomaininfo",
      "remote_shutdown",
    ]);
  });

  test("trap 10: the walk after a restart finds the privileged and the Xenstore domain, loaded or bound anew", () => {
    const host = createHypervisor();
    const store = host.createDomain({ caps: CAPS.xenstore });
    const { port } = listen(host);
    host.load(JSON.parse(JSON.stringify(host.dump())));
    host.eventChannels(0).close(port);
    listen(host);
    host.eventChannels(0).close(port);
    host.eventChannels(0).bindVirq(VIRQ.domExc);
    expect(drain(host).map(({ domid, caps }) => [domid, caps])).toEqual([
      [0, CAPS.control | CAPS.hardware],
      [store, CAPS.xenstore],
    ]);
  });

  test("trap 11: a revoked grant is an error to who maps it, and one mapped before stays mapped", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    const ring = host.ringPage(guest);
    const before = host.mapGrant(0, guest, 1);
    host.revokeGrant(guest, 1);
    expect(() => host.mapGrant(0, guest, 1)).toThrow(
      expect.objectContaining({
        code: "errno",
        details: expect.objectContaining({ name: "ENOENT" }),
      }),
    );
    expect(before.page).toBe(ring);
  });

  test("trap 12: the handler can be a Xenstore domain that is created late, as long as it is set before anyone binds", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    const store = host.createDomain({ caps: CAPS.xenstore });
    host.setVirqHandler(store);
    expect(drained.bind(undefined, host, 0)).toThrow(`${-ERRNO.EACCES}`);
    const { events } = listen(host, store);
    host.shutdownDomain(guest);
    expect(events()).toBe(1);
    expect(drained(host, store)).toEqual([[guest, STATE.exist | STATE.shutdown]]);
  });

  test.each([
    { release: "4.21", domid: 0, made: 1 },
    { release: "4.21", domid: DOMID.invalid, made: 1 },
    { release: "4.21", domid: DOMID.any, made: 1 },
    { release: "4.21", domid: DOMID.firstReserved, made: 1 },
    { release: "4.21", domid: DOMID.firstReserved - 1, made: DOMID.firstReserved - 1 },
    { release: "4.21", domid: 0xffff, made: 1 },
    { release: "4.22", domid: 0, made: -ERRNO.EEXIST },
    { release: "4.22", domid: DOMID.invalid, made: -ERRNO.EEXIST },
    { release: "4.22", domid: DOMID.any, made: 1 },
    { release: "4.22", domid: 0xffff, made: -ERRNO.EEXIST },
  ] as const)(
    "trap 13: creating domid $domid on $release gives $made",
    ({ release, domid, made }) => {
      expect(create(createHypervisor({ release }), domid)).toBe(made);
    },
  );

  test("trap 14: alive → dying is neither marked nor told; only dead is", () => {
    const host = createHypervisor({ teardownSteps: 1 });
    const { events } = listen(host);
    const guest = host.createDomain();
    drained(host);
    host.destroyStep(guest);
    expect([events(), drained(host)]).toEqual([0, []]);
    host.destroyStep(guest);
    expect([events(), drained(host)]).toEqual([1, [[guest, 0]]]);
  });

  test("trap 15: a shutdown without a death is marked and told", () => {
    const host = createHypervisor();
    const { events } = listen(host);
    const guest = host.createDomain();
    drained(host);
    expect(shutdown(host, 0, guest)).toBe(0);
    expect([events(), drained(host)]).toEqual([1, [[guest, STATE.exist | STATE.shutdown]]]);
  });

  test("trap 16 (XSA-233): a device model and its target that die between two drains are each one entry", () => {
    const host = createHypervisor();
    listen(host);
    const target = host.createDomain();
    const model = host.createDomain();
    host.setTarget(model, target);
    drained(host);
    host.destroyDomain(target);
    expect(query(host, 0, target)).toMatchObject({ state: STATE.exist | STATE.dead });
    host.destroyDomain(model);
    expect(drained(host)).toEqual([
      [target, 0],
      [model, 0],
    ]);
  });

  test.each(["4.21", "4.22"] as const)(
    "trap 17 (XSA-499): listing domains on %s asks for permission before it searches",
    (release) => {
      const host = createHypervisor({ release });
      const guest = host.createDomain();
      for (const domid of [0, guest, 77, DOMID.self, 0xffff]) {
        expect(domctl(host, guest, DOMCTL.getdomaininfo, domid)).toBe(-ERRNO.EPERM);
      }
    },
  );
});

describe("the races to keep in tests", () => {
  test("a change while the poller is in its loop is seen in this loop or the next", () => {
    const host = createHypervisor();
    const { events } = listen(host);
    for (let domid = 1; domid <= 3; domid += 1) host.createDomain();
    expect(query(host, 0, DOMID.invalid)).toMatchObject({ domid: 1 });
    host.shutdownDomain(1);
    host.shutdownDomain(3);
    expect(drained(host)).toEqual([
      [1, STATE.exist | STATE.shutdown],
      [2, STATE.exist],
      [3, STATE.exist | STATE.shutdown],
    ]);
    expect(events()).toBe(2);
  });

  test("an event between the last ENOENT and the unmask is delivered by the unmask", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    const channels = host.eventChannels(0);
    const port = channels.bindVirq(VIRQ.domExc);
    let calls = 0;
    channels.onEvent(() => {
      calls += 1;
    });
    channels.mask(port);
    channels.clearPending(port);
    drain(host);
    host.shutdownDomain(guest);
    expect(calls).toBe(0);
    channels.unmask(port);
    expect(calls).toBe(1);
    expect(drained(host)).toEqual([[guest, STATE.exist | STATE.shutdown]]);
  });
});
