import { EVTCHNOP, getDomainState, HYPERVISOR, SHUTDOWN, STATE, VIRQ } from "@xenkit/abi";
import {
  createHypervisor,
  defaultPolicy,
  type Hypervisor,
  type StepName,
} from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { ALIVE, begin, carryOut, listen, query } from "./calls.ts";
import { hostWithGuest } from "./hosts.ts";

describe("a hypercall that is carried out step by step", () => {
  test("a shutdown under way has no reason yet", () => {
    const { host } = hostWithGuest();
    const call = begin.shutdown(host, 1, SHUTDOWN.crash);
    call.step();
    expect(host.domain(1)?.shutdownReason).toBeUndefined();
    carryOut(call);
    expect(host.domain(1)?.shutdownReason).toBe(SHUTDOWN.crash);
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

  test("what is under way about a domain is told from the same about a later one with its domid", () => {
    const { host } = hostWithGuest();
    const first = begin.shutdown(host, 1).dump();
    expect(begin.shutdown(host, 1).dump()).toEqual(first);
    host.destroyDomain(1);
    host.createDomain({ domid: 1 });
    expect(begin.shutdown(host, 1).dump()).not.toEqual(first);
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
    // It goes on the same way, whatever it has passed over.
    const down = dumpsOf("lookup-first", (host) => {
      host.shutdownDomain(host.createDomain({ domid: 1 }));
    });
    expect(down["find-mark 2"]).toEqual(hidden["find-mark 2"]);
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
