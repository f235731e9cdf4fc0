import {
  CAPS,
  DOMCTL,
  DOMID,
  ERRNO,
  EVTCHNOP,
  getDomainState,
  HYPERVISOR,
  SCHEDOP,
  SHUTDOWN,
  STATE,
  VIRQ,
} from "@xenkit/abi";
import {
  type Call,
  createHypervisor,
  defaultPolicy,
  type Hypervisor,
  type StepName,
} from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { begin, carryOut, domctl, drained, listen, query, shutdown } from "./calls.ts";

const ALIVE = STATE.exist;
const DOWN = STATE.exist | STATE.shutdown;
const DYING = STATE.exist | STATE.dying;
const DEAD = STATE.exist | STATE.dead;
const GONE = 0;

/** A host with domain 1 and somebody who listens, nothing marked. */
const hostWithGuest = (): { host: Hypervisor; events: () => number } => {
  const host = createHypervisor();
  const { events } = listen(host);
  host.createDomain();
  drained(host);
  return { host, events };
};

describe("which transitions are marked and which raise VIRQ_DOM_EXC", () => {
  test.each([
    {
      name: "creation",
      act: (host: Hypervisor) => host.createDomain(),
      marks: [[2, ALIVE]],
      virqs: 0,
    },
    { name: "pause", act: (host: Hypervisor) => host.pauseDomain(1), marks: [], virqs: 0 },
    { name: "unpause", act: (host: Hypervisor) => host.unpauseDomain(1), marks: [], virqs: 0 },
    {
      name: "poweroff",
      act: (host: Hypervisor) => host.shutdownDomain(1),
      marks: [[1, DOWN]],
      virqs: 1,
    },
    {
      name: "crash",
      act: (host: Hypervisor) => host.shutdownDomain(1, SHUTDOWN.crash),
      marks: [[1, DOWN]],
      virqs: 1,
    },
    {
      name: "suspend",
      act: (host: Hypervisor) => host.shutdownDomain(1, SHUTDOWN.suspend),
      marks: [[1, DOWN]],
      virqs: 1,
    },
    {
      name: "destruction",
      act: (host: Hypervisor) => host.destroyDomain(1),
      marks: [[1, GONE]],
      virqs: 1,
    },
  ])("$name", ({ act, marks, virqs }) => {
    const { host, events } = hostWithGuest();
    act(host);
    expect(events()).toBe(virqs);
    expect(drained(host)).toEqual(marks);
  });

  test("resume leaves nothing of a shutdown behind, by hypercall too", () => {
    const host = createHypervisor();
    host.createDomain();
    const before = host.dump();
    host.shutdownDomain(1, SHUTDOWN.suspend);
    host.resumeDomain(1);
    expect(host.dump()).toEqual(before);
    host.shutdownDomain(1);
    expect(domctl(host, 0, DOMCTL.resumedomain, 1)).toBe(0);
    expect(host.dump()).toEqual(before);
  });

  test("resume undoes a shutdown and is neither marked nor told", () => {
    const { host, events } = hostWithGuest();
    host.shutdownDomain(1);
    drained(host);
    events();
    host.resumeDomain(1);
    expect(query(host, 0, 1)).toMatchObject({ state: ALIVE });
    expect([events(), drained(host)]).toEqual([0, []]);
  });

  test("a suspend with a suspend event channel is marked; it signals the channel and not the VIRQ", () => {
    const { host, events } = hostWithGuest();
    const guest = host.eventChannels(1);
    const toolstack = host.eventChannels(0);
    const port = guest.allocUnbound(0);
    const remote = toolstack.bindInterdomain(1, port);
    toolstack.clearPending(remote);
    expect(domctl(host, 0, DOMCTL.subscribe, 1, port)).toBe(0);
    host.shutdownDomain(1, SHUTDOWN.suspend);
    expect(events()).toBe(0);
    expect(toolstack.isPending(remote)).toBe(true);
    expect(drained(host)).toEqual([[1, DOWN]]);
  });

  test("with a suspend event channel, only a suspend takes it", () => {
    const { host, events } = hostWithGuest();
    expect(domctl(host, 0, DOMCTL.subscribe, 1, 1)).toBe(0);
    host.shutdownDomain(1, SHUTDOWN.reboot);
    expect(events()).toBe(1);
  });

  test("a suspend event channel whose other end was closed signals nobody", () => {
    const { host, events } = hostWithGuest();
    const port = host.eventChannels(1).allocUnbound(0);
    const toolstack = host.eventChannels(0);
    toolstack.close(toolstack.bindInterdomain(1, port));
    expect(domctl(host, 0, DOMCTL.subscribe, 1, port)).toBe(0);
    host.shutdownDomain(1, SHUTDOWN.suspend);
    expect([events(), host.eventChannels(0).pending()]).toEqual([0, undefined]);
    expect(drained(host)).toEqual([[1, DOWN]]);
  });

  test("a second shutdown changes nothing and the first reason stays", () => {
    const { host, events } = hostWithGuest();
    expect(shutdown(host, 0, 1, SHUTDOWN.reboot)).toBe(0);
    drained(host);
    events();
    expect(shutdown(host, 0, 1, SHUTDOWN.crash)).toBe(0);
    expect([events(), drained(host)]).toEqual([0, []]);
    expect(host.domain(1)?.shutdownReason).toBe(SHUTDOWN.reboot);
  });

  test("a guest shuts itself down", () => {
    const { host, events } = hostWithGuest();
    expect(host.hypercall(1, HYPERVISOR.schedOp, Uint8Array.of(1, 0, 0, 0), SCHEDOP.shutdown)).toBe(
      0,
    );
    expect(host.domain(1)?.shutdownReason).toBe(SHUTDOWN.reboot);
    expect(events()).toBe(1);
  });
});

describe("destroying", () => {
  test("is DYING while teardown takes its steps, without a mark, then DEAD with one", () => {
    const { host, events } = hostWithGuest();
    host.setTeardownSteps(1, 2);
    host.holdReference(1);
    const states: unknown[] = [];
    for (const done of [false, false, true]) {
      expect(host.destroyStep(1)).toBe(done);
      states.push(query(host, 0, 1));
      expect([events(), drained(host)]).toEqual(done ? [1, [[1, DEAD]]] : [0, []]);
    }
    expect(states).toMatchObject([{ state: DYING }, { state: DYING }, { state: DEAD }]);
  });

  test.each([-1, 0.5, Number.NaN])("takes no %s steps", (steps) => {
    const { host } = hostWithGuest();
    expect(() => host.setTeardownSteps(1, steps)).toThrow("EINVAL");
    expect(host.destroyStep(1)).toBe(true);
  });

  test("takes one step when it is told that there are none", () => {
    const host = createHypervisor({ teardownSteps: 3 });
    host.createDomain();
    host.setTeardownSteps(1, 0);
    expect(host.destroyStep(1)).toBe(true);
  });

  test("by hypercall asks to be called again with −ERESTART", () => {
    const { host } = hostWithGuest();
    host.setTeardownSteps(1, 1);
    const destroy = (): number => domctl(host, 0, DOMCTL.destroydomain, 1);
    expect([destroy(), destroy(), destroy()]).toEqual([-ERRNO.ERESTART, 0, -ERRNO.ESRCH]);
  });

  test("keeps SHUTDOWN set through dying and dead, and a resume does not clear it", () => {
    const { host } = hostWithGuest();
    host.shutdownDomain(1);
    host.setTeardownSteps(1, 1);
    host.holdReference(1);
    host.destroyStep(1);
    host.resumeDomain(1);
    expect(query(host, 0, 1)).toMatchObject({ state: DOWN | STATE.dying });
    host.destroyStep(1);
    expect(query(host, 0, 1)).toMatchObject({ state: DOWN | STATE.dead });
  });

  test("leaves a zombie while references are held, and its domid in use", () => {
    const { host, events } = hostWithGuest();
    host.holdReference(1);
    host.holdReference(1);
    host.destroyDomain(1);
    host.releaseReference(1);
    expect(drained(host)).toEqual([[1, DEAD]]);
    expect(() => host.createDomain({ domid: 1 })).toThrow("EEXIST");
    events();
    host.releaseReference(1);
    expect(events()).toBe(1);
    expect(drained(host)).toEqual([[1, GONE]]);
    expect(host.createDomain({ domid: 1 })).toBe(1);
  });

  test("gives up the VIRQs of this domain, and of no other", () => {
    const host = createHypervisor();
    const [first, second] = [host.createDomain(), host.createDomain()];
    host.setVirqHandler(first, VIRQ.console);
    host.setVirqHandler(second, VIRQ.domExc);
    host.destroyDomain(first);
    expect(host.eventChannels(0).bindVirq(VIRQ.console)).toBe(1);
    expect(() => host.eventChannels(0).bindVirq(VIRQ.domExc)).toThrow("EBUSY");
    expect(host.eventChannels(second).bindVirq(VIRQ.domExc)).toBe(1);
  });

  test("of a zombie does nothing; its shutdown is marked and told", () => {
    const { host, events } = hostWithGuest();
    host.holdReference(1);
    host.destroyDomain(1);
    drained(host);
    events();
    host.destroyDomain(1);
    expect([events(), drained(host)]).toEqual([0, []]);
    host.shutdownDomain(1, SHUTDOWN.crash);
    expect([events(), drained(host)]).toEqual([1, [[1, DEAD | STATE.shutdown]]]);
  });

  test("is refused to the domain itself and for the hardware domain", () => {
    const host = createHypervisor();
    const control = host.createDomain({ caps: 1 });
    expect(domctl(host, control, DOMCTL.destroydomain, control)).toBe(-ERRNO.EINVAL);
    expect(domctl(host, control, DOMCTL.destroydomain, 0)).toBe(-ERRNO.EINVAL);
    expect(() => host.destroyDomain(0)).toThrow("EINVAL");
  });

  test("marks DEAD and the final free each, before each VIRQ", () => {
    const { host } = hostWithGuest();
    const call = begin.destroy(host, 1);
    expect(carryOut(call)).toEqual([
      "begin-dying",
      "tear-down",
      "die",
      "mark",
      "raise",
      "unlink",
      "free-domid",
      "mark",
      "raise",
    ]);
    expect(call.result).toBe(0);
  });

  test("can free the domid a grace period later: unlinked at once, in use until then", () => {
    const later: (() => void)[] = [];
    const host = createHypervisor({ schedule: (step) => later.push(step) });
    const { events } = listen(host);
    host.createDomain();
    host.destroyDomain(1);
    expect(query(host, 0, 1)).toBe(-ERRNO.ESRCH);
    expect(drained(host)).toContainEqual([1, GONE]);
    expect(() => host.createDomain({ domid: 1 })).toThrow("EEXIST");
    events();
    for (const step of later) step();
    expect(events()).toBe(1);
    expect(drained(host)).toEqual([[1, GONE]]);
    expect(host.createDomain({ domid: 1 })).toBe(1);
  });
});

describe("what another CPU does between the steps of an operation", () => {
  /** Carries a hypercall out; before its first step of this name, another CPU acts. */
  const interrupted = (call: Call, at: StepName, act: () => void): void => {
    let armed = true;
    carryOut(call, (step) => {
      if (!armed || step !== at) return;
      armed = false;
      act();
    });
    expect(armed).toBe(false);
  };

  test("a shutdown under way has no reason yet", () => {
    const { host } = hostWithGuest();
    const call = begin.shutdown(host, 1, SHUTDOWN.crash);
    call.step();
    expect(host.domain(1)?.shutdownReason).toBeUndefined();
    carryOut(call);
    expect(host.domain(1)?.shutdownReason).toBe(SHUTDOWN.crash);
  });

  test("a release of the last hold before unlink frees the domain once", () => {
    const { host } = hostWithGuest();
    const { handle } = host.mapForeignPage(0, 1, 1);
    interrupted(begin.destroy(host, 1), "unlink", () => host.unmap(handle));
    expect(host.domainCount).toBe(1);
    expect(host.createDomain({ domid: 1 })).toBe(1);
  });

  test("a port that is closed and bound anew meanwhile is another: it stays, and what it records", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const port = dom0.bindVirq(VIRQ.domExc);
    for (const at of ["stop-recording", "close-port"] as const) {
      interrupted(begin.close(host, 0, port), at, () => {
        dom0.close(port);
        expect(dom0.bindVirq(VIRQ.domExc)).toBe(port);
      });
      expect([dom0.count, host.changedCount]).toEqual([1, 1]);
    }
  });

  test("a mapping that another CPU ends first is ended once", () => {
    const { host } = hostWithGuest();
    const mapper = host.createDomain({ caps: CAPS.control });
    const { handle } = host.mapForeignPage(mapper, 1, 1);
    host.mapForeignPage(0, 1, 1);
    interrupted(begin.destroy(host, mapper), "unmap", () => host.unmap(handle));
    expect(host.domain(1)?.references).toBe(1);
  });

  test("a resume before the shutdown is complete undoes it: no mark", () => {
    const { host } = hostWithGuest();
    interrupted(begin.shutdown(host, 1), "complete-shutdown", () => host.resumeDomain(1));
    expect(drained(host)).toEqual([]);
    expect(query(host, 0, 1)).toMatchObject({ state: ALIVE });
  });

  test.each(["begin-dying", "tear-down", "die", "mark", "raise", "unlink"] as const)(
    "a second destroy before %s frees the domain once",
    (step) => {
      const { host } = hostWithGuest();
      interrupted(begin.destroy(host, 1), step, () => host.destroyDomain(1));
      expect(host.domainCount).toBe(1);
      expect(drained(host)).toEqual([[1, GONE]]);
      expect(host.createDomain({ domid: 1 })).toBe(1);
    },
  );

  test("a drain between the two marks of a destruction sees DEAD, and the next sees it gone", () => {
    const seen: unknown[] = [];
    const { host } = hostWithGuest();
    interrupted(begin.destroy(host, 1), "raise", () => seen.push(drained(host)));
    expect([...seen, drained(host)]).toEqual([[[1, DEAD]], [[1, GONE]]]);
  });

  test("a drain between unlinking and the last mark sees it gone twice", () => {
    const seen: unknown[] = [];
    const { host } = hostWithGuest();
    interrupted(begin.destroy(host, 1), "free-domid", () => seen.push(drained(host)));
    expect([...seen, drained(host)]).toEqual([[[1, GONE]], [[1, GONE]]]);
  });

  test("two creations under way get two domids", () => {
    const host = createHypervisor();
    const [first, second] = [begin.create(host, DOMID.any), begin.create(host, DOMID.any)];
    carryOut(second);
    carryOut(first);
    expect(host.domains().map(({ domid }) => domid)).toEqual([0, 1, 2]);
    const third = begin.create(host, 5);
    expect(() => host.createDomain({ domid: 5 })).toThrow("EEXIST");
    expect(query(host, 0, 5)).toBe(-ERRNO.ESRCH);
    carryOut(third);
    expect(query(host, 0, 5)).toMatchObject({ state: ALIVE });
  });

  test("the buffer is copied in when a hypercall begins, and out when it is over", () => {
    const { host } = hostWithGuest();
    host.shutdownDomain(1);
    const bytes = new Uint8Array(144);
    const call = begin.drain(host, bytes);
    bytes.fill(0xff);
    carryOut(call, () => expect(bytes.every((byte) => byte === 0xff)).toBe(true));
    expect(getDomainState.decode(bytes)).toMatchObject({ domid: 1, state: ALIVE | STATE.shutdown });
  });

  test("a hypercall that is over at once has written its answer, and takes no step", () => {
    const host = createHypervisor();
    const bytes = new Uint8Array(8);
    const call = host.begin(0, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.allocUnbound);
    expect([call.next, call.result, call.dump(), bytes[4]]).toEqual([undefined, 0, [0], 1]);
    call.step();
    expect(host.eventChannels(0).count).toBe(1);
    expect(host.begin(0, HYPERVISOR.xenVersion, undefined).result).toBe((4 << 16) | 22);
  });

  test("the buffer belongs to the caller again when the hypercall is over", () => {
    const { host } = hostWithGuest();
    const bytes = new Uint8Array(144);
    const call = begin.drain(host, bytes);
    carryOut(call);
    bytes.fill(0xff);
    host.createDomain();
    call.step();
    expect([new Set(bytes), host.changedCount]).toEqual([new Set([0xff]), 1]);
  });

  test("what is under way can be told apart, at each of its steps", () => {
    for (const drainOrder of ["clear-first", "lookup-first"] as const) {
      const host = createHypervisor({ drainOrder });
      listen(host);
      host.createDomain();
      host.mapForeignPage(0, 1, 1);
      const other = host.eventChannels(1).allocUnbound(0);
      host.eventChannels(0).bindInterdomain(1, other);
      const calls = [
        begin.create(host, 7),
        begin.shutdown(host, 1, 1),
        begin.shutdown(host, 1, 2),
        begin.destroy(host, 1),
        begin.drain(host, new Uint8Array(144)),
        begin.bindVirq(host, 0, VIRQ.timer),
        begin.bindVirq(host, 0, VIRQ.debug),
      ];
      const seen = calls.map((call) => {
        const dumps: unknown[] = [];
        carryOut(call, () => dumps.push(call.dump()));
        dumps.push(call.dump());
        return dumps.map((dump) => JSON.stringify(dump));
      });
      for (const dumps of seen) expect(new Set(dumps).size).toBe(dumps.length);
      expect(new Set(seen.map(([first]) => first)).size).toBe(calls.length);
    }
  });

  test("a drain under way is told from one that goes on elsewhere, or gives another answer", () => {
    const dumpsOf = (
      drainOrder: "clear-first" | "lookup-first",
      act: (host: Hypervisor) => void,
    ) => {
      const host = createHypervisor({
        drainOrder,
        policy: (caller, action, target) =>
          target.domid !== 1 && defaultPolicy(caller, action, target),
      });
      listen(host);
      act(host);
      const call = begin.drain(host, new Uint8Array(144));
      const dumps = new Map<string, unknown>();
      carryOut(call, (step) => dumps.set(`${step} ${dumps.size}`, call.dump()));
      return Object.fromEntries(dumps);
    };
    for (const drainOrder of ["clear-first", "lookup-first"] as const) {
      const all = [
        (host: Hypervisor) => host.createDomain({ domid: 2 }),
        (host: Hypervisor) => host.shutdownDomain(host.createDomain({ domid: 2 })),
        (host: Hypervisor) => host.destroyDomain(host.createDomain({ domid: 2 })),
        (host: Hypervisor) => host.createDomain({ domid: host.createDomain({ domid: 3 }) - 1 }),
        (host: Hypervisor) => host.createDomain({ domid: 3 }),
      ].map((act) => JSON.stringify(dumpsOf(drainOrder, act)));
      expect(new Set(all).size).toBe(all.length);
    }
    const hidden = dumpsOf("lookup-first", (host) => host.createDomain({ domid: 1 }));
    expect(hidden["find-mark 0"]).not.toEqual(hidden["find-mark 2"]);
  });

  test("a hypercall that is over takes no more steps", () => {
    const { host } = hostWithGuest();
    const call = begin.shutdown(host, 1);
    carryOut(call);
    host.resumeDomain(1);
    call.step();
    expect(query(host, 0, 1)).toMatchObject({ state: ALIVE });
  });

  test("an event that a step raises is delivered after this very step", () => {
    const { host, events } = hostWithGuest();
    const told: [StepName, number][] = [];
    carryOut(begin.shutdown(host, 1), (step) => told.push([step, events()]));
    expect([told.at(-1), events()]).toEqual([["raise", 0], 1]);
  });
});

describe("two vCPUs that bind VIRQ_DOM_EXC at the same time", () => {
  /** Both begin, the first wins; the result of the second. */
  const race = (failedBind: "keeps-recording" | "stops-recording") => {
    const host = createHypervisor({ failedBind });
    const [winner, loser] = [
      begin.bindVirq(host, 0, VIRQ.domExc),
      begin.bindVirq(host, 0, VIRQ.domExc),
    ];
    carryOut(winner);
    carryOut(loser);
    return { host, results: [winner.result, loser.result] };
  };

  test("one that fails does not end what the other has begun and not finished", () => {
    const host = createHypervisor({ limits: { eventPorts: 1 } });
    const [first, second] = [
      begin.bindVirq(host, 0, VIRQ.domExc),
      begin.bindVirq(host, 0, VIRQ.domExc),
    ];
    first.step();
    second.step();
    const port = host.eventChannels(0).allocUnbound(0);
    carryOut(second);
    expect([second.result, host.changedCount]).toEqual([-ERRNO.ENOSPC, 1]);
    host.eventChannels(0).close(port);
    carryOut(first);
    expect([first.result, host.changedCount]).toEqual([0, 1]);
  });

  test("a failed bind of any other VIRQ ends no recording, with the bug or without", () => {
    for (const failedBind of ["keeps-recording", "stops-recording"] as const) {
      const host = createHypervisor({ failedBind, limits: { eventPorts: 1 } });
      listen(host);
      expect(() => host.eventChannels(0).bindVirq(VIRQ.debug)).toThrow("ENOSPC");
      expect(host.changedCount).toBe(0);
    }
  });

  test("one gets it, and its recording goes on", () => {
    const { host, results } = race("keeps-recording");
    expect(results).toEqual([0, -ERRNO.EEXIST]);
    expect(host.changedCount).toBe(1);
  });

  test("with the bug of XSA-496, the other ends its recording", () => {
    const { host, results } = race("stops-recording");
    expect(results).toEqual([0, -ERRNO.EEXIST]);
    expect(host.changedCount).toBeUndefined();
  });

  test("the one that began the recording may fail: the other's goes on", () => {
    const host = createHypervisor();
    const [first, second] = [
      begin.bindVirq(host, 0, VIRQ.domExc),
      begin.bindVirq(host, 0, VIRQ.domExc),
    ];
    expect(host.changedCount).toBeUndefined();
    first.step();
    expect(host.changedCount).toBe(1);
    carryOut(second);
    carryOut(first);
    expect([first.result, second.result, host.changedCount]).toEqual([-ERRNO.EEXIST, 0, 1]);
  });

  test("one without a port left undoes what it began, and what comes then begins afresh", () => {
    const host = createHypervisor({ limits: { eventPorts: 1 } });
    const [first, second] = [
      begin.bindVirq(host, 0, VIRQ.domExc),
      begin.bindVirq(host, 0, VIRQ.domExc),
    ];
    first.step();
    second.step();
    const port = host.eventChannels(0).allocUnbound(0);
    carryOut(first);
    expect([first.result, host.changedCount]).toEqual([-ERRNO.ENOSPC, undefined]);
    host.eventChannels(0).close(port);
    carryOut(second);
    expect([second.result, host.changedCount]).toEqual([0, 1]);
  });

  test("a handler that loses the VIRQ, or its life, before it has the port gets none", () => {
    const host = createHypervisor();
    const xenstored = host.createDomain({ caps: CAPS.xenstore });
    host.setVirqHandler(xenstored);
    const moved = begin.bindVirq(host, xenstored, VIRQ.domExc);
    moved.step();
    host.setVirqHandler(0);
    carryOut(moved);
    expect([moved.result, host.changedCount]).toEqual([-ERRNO.EBUSY, undefined]);
    host.setVirqHandler(xenstored);
    const dead = begin.bindVirq(host, xenstored, VIRQ.domExc);
    dead.step();
    host.destroyDomain(xenstored);
    carryOut(dead);
    expect([dead.result, host.changedCount]).toEqual([-ERRNO.ESRCH, undefined]);
  });
});

describe("the order of mark and VIRQ", () => {
  test.each(["mark-first", "virq-first"] as const)("%s", (noticeOrder) => {
    const host = createHypervisor({ noticeOrder });
    listen(host);
    host.createDomain();
    const steps = carryOut(begin.shutdown(host, 1)).slice(-2);
    expect(steps).toEqual(noticeOrder === "mark-first" ? ["mark", "raise"] : ["raise", "mark"]);
  });
});

describe("between two drains", () => {
  test("destroyed and created again under the same domid is one entry, with the new id", () => {
    const { host } = hostWithGuest();
    const before = host.domain(1)?.uniqueId;
    host.destroyDomain(1);
    host.createDomain({ domid: 1 });
    expect(drained(host)).toEqual([[1, ALIVE]]);
    expect(host.domain(1)?.uniqueId).not.toBe(before);
  });

  test("shut down and resumed is one entry with state 1", () => {
    const { host } = hostWithGuest();
    host.shutdownDomain(1);
    host.resumeDomain(1);
    expect(drained(host)).toEqual([[1, ALIVE]]);
  });

  test("created and destroyed is one entry of zeroes", () => {
    const { host } = hostWithGuest();
    host.createDomain({ domid: 9 });
    host.destroyDomain(9);
    expect(drained(host)).toEqual([[9, GONE]]);
  });

  test("the drain goes upwards and begins again at 0 with each call", () => {
    const { host } = hostWithGuest();
    for (const domid of [300, 50, 0x7fef]) host.createDomain({ domid });
    expect(query(host, 0, DOMID.invalid)).toMatchObject({ domid: 50 });
    host.shutdownDomain(1);
    expect(drained(host).map(([domid]) => domid)).toEqual([1, 300, 0x7fef]);
  });
});

describe("the hardware domain", () => {
  test("takes with it what was put off: nothing is carried out on a host that is down", () => {
    const later: (() => void)[] = [];
    const host = createHypervisor({ schedule: (step) => later.push(step) });
    host.createDomain();
    host.destroyDomain(1);
    host.shutdownDomain(0);
    const before = host.dump();
    for (const step of later) step();
    expect(host.dump()).toEqual(before);
  });

  test("is told to be down once, also when that state is loaded again", () => {
    const host = createHypervisor();
    let told = 0;
    host.onDown(() => {
      told += 1;
    });
    host.shutdownDomain(0);
    host.load(host.dump());
    expect([told, host.down]).toEqual([1, SHUTDOWN.poweroff]);
  });

  test("takes the host down without telling who has ended its listening", () => {
    const host = createHypervisor();
    const told: string[] = [];
    const end = host.onDown(() => told.push("first"));
    host.onDown(() => told.push("second"));
    end();
    host.shutdownDomain(0);
    expect(told).toEqual(["second"]);
  });

  test("takes the host down when it shuts down", () => {
    const host = createHypervisor();
    const reasons: number[] = [];
    host.onDown((reason) => reasons.push(reason));
    host.shutdownDomain(0, SHUTDOWN.reboot);
    expect([reasons, host.down]).toEqual([[SHUTDOWN.reboot], SHUTDOWN.reboot]);
    expect(() => query(host, 0, 0)).toThrow(expect.objectContaining({ code: "host-down" }));
    expect(() => host.createDomain()).toThrow(expect.objectContaining({ code: "host-down" }));
  });
});
