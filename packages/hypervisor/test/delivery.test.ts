import { VIRQ } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { begin } from "./calls.ts";
import { connected } from "./hosts.ts";

describe("delivery", () => {
  test("merges events until the pending bit is cleared", () => {
    const { host, port, remotePort } = connected();
    let calls = 0;
    const channels = host.eventChannels(0);
    channels.onEvent(() => {
      calls += 1;
    });
    for (let event = 0; event < 3; event += 1) host.eventChannels(1).notify(port);
    expect(calls).toBe(1);
    channels.clearPending(remotePort);
    host.eventChannels(1).notify(port);
    expect(calls).toBe(2);
  });

  test("comes after the hypercall, also from a listener, and listeners do not nest", () => {
    const { host, port, remotePort } = connected();
    const log: string[] = [];
    const [guest, dom0] = [host.eventChannels(1), host.eventChannels(0)];
    dom0.onEvent((called) => {
      dom0.clearPending(called);
      log.push("dom0 begins");
      dom0.notify(remotePort);
      log.push("dom0 ends");
    });
    guest.onEvent(() => log.push("guest"));
    guest.notify(port);
    expect(log).toEqual(["dom0 begins", "dom0 ends", "guest"]);
  });

  test("can be put off, and a port waits once however often it is raised", () => {
    const flushes: (() => void)[] = [];
    const host = createHypervisor({ deliver: (flush) => flushes.push(flush) });
    host.createDomain();
    const guest = host.eventChannels(1);
    const port = guest.bindIpi();
    expect(flushes).toEqual([]);
    let calls = 0;
    guest.onPort(port, () => {
      calls += 1;
    });
    for (let event = 0; event < 1000; event += 1) {
      guest.notify(port);
      guest.clearPending(port);
    }
    guest.notify(port);
    expect([calls, flushes.length, host.dump().deliveries]).toEqual([0, 1, [[1, port]]]);
    for (const flush of flushes) flush();
    expect(calls).toBe(1);
  });

  test("is dropped when the port was closed, masked or consumed meanwhile, and when the domain is gone", () => {
    const flushes: (() => void)[] = [];
    const host = createHypervisor({ deliver: (flush) => flushes.push(flush) });
    host.createDomain();
    host.createDomain();
    const calls: number[] = [];
    const guest = host.eventChannels(1);
    guest.onEvent((port) => calls.push(port));
    const ports = [1, 2, 3, 4].map(() => guest.bindIpi());
    for (const port of ports) guest.notify(port);
    guest.close(1);
    guest.mask(2);
    guest.clearPending(3);
    const other = host.eventChannels(2);
    other.onEvent(() => calls.push(-1));
    other.notify(other.bindIpi());
    host.destroyDomain(2);
    flushes[0]?.();
    expect(calls).toEqual([4]);
  });

  test("goes to every listener even when one throws, and the error comes out of the hypercall", () => {
    const { host, port, remotePort } = connected();
    const calls: string[] = [];
    host.eventChannels(0).onEvent(() => {
      throw new Error("the first listener");
    });
    const stop = host.eventChannels(0).onEvent(() => calls.push("second"));
    expect(() => host.eventChannels(1).notify(port)).toThrow("the first listener");
    expect(calls).toEqual(["second"]);
    stop();
    host.eventChannels(0).clearPending(remotePort);
    expect(() => host.eventChannels(1).notify(port)).toThrow("the first listener");
    expect(calls).toEqual(["second"]);
  });

  test("throws the first of several errors", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    for (const name of ["first", "second"]) {
      dom0.onEvent(() => {
        throw new Error(name);
      });
    }
    const port = dom0.bindIpi();
    expect(() => dom0.notify(port)).toThrow(new Error("first"));
  });

  test("drops what waited when another state is loaded", () => {
    const flushes: (() => void)[] = [];
    const host = createHypervisor({ deliver: (flush) => flushes.push(flush) });
    const before = host.dump();
    const calls: number[] = [];
    const dom0 = host.eventChannels(0);
    dom0.onEvent((port) => calls.push(port));
    dom0.notify(dom0.bindIpi());
    host.load(before);
    for (const flush of flushes) flush();
    expect(calls).toEqual([]);
  });

  test("of an old port is not taken for that of a new one with its number", () => {
    const flushes: (() => void)[] = [];
    const host = createHypervisor({ deliver: (flush) => flushes.push(flush) });
    const dom0 = host.eventChannels(0);
    const calls: number[] = [];
    dom0.onEvent((port) => calls.push(port));
    dom0.notify(dom0.bindIpi());
    dom0.close(1);
    dom0.notify(dom0.bindIpi());
    for (const flush of flushes) flush();
    expect(calls).toEqual([1]);
  });

  test("ends when a domain begins to die, before its ports are closed", () => {
    const { host, port, remotePort } = connected();
    const calls: number[] = [];
    host.eventChannels(1).onEvent((called) => calls.push(called));
    begin.destroy(host, 1).step();
    host.eventChannels(0).notify(remotePort);
    expect([calls, host.dump().domains[1]?.pending]).toEqual([[], [port]]);
  });

  test("keeps a port in the queue once, also when it is masked and unmasked meanwhile", () => {
    const host = createHypervisor({ deliver: () => {} });
    const dom0 = host.eventChannels(0);
    const [waiting, quiet] = [dom0.bindIpi(), dom0.bindIpi()];
    dom0.notify(waiting);
    for (const port of [waiting, quiet]) {
      dom0.mask(port);
      dom0.unmask(port);
    }
    expect(host.dump().deliveries).toEqual([[0, waiting]]);
    dom0.close(waiting);
    expect(host.dump().deliveries).toEqual([]);
  });

  test("tells errors of listeners to who asked for them, and disturbs no caller", () => {
    const errors: unknown[] = [];
    const host = createHypervisor({ onListenerError: (error) => errors.push(error) });
    const dom0 = host.eventChannels(0);
    const port = dom0.bindIpi();
    dom0.onEvent(() => {
      throw new Error("mine");
    });
    dom0.notify(port);
    expect(errors).toEqual([new Error("mine")]);
  });

  test("does not reach the listeners of an earlier domain with the same domid", () => {
    const host = createHypervisor();
    const calls: string[] = [];
    host.createDomain({ domid: 7 });
    host.eventChannels(7).onEvent(() => calls.push("old"));
    const old = host.eventChannels(7);
    host.destroyDomain(7);
    host.createDomain({ domid: 7 });
    const channels = host.eventChannels(7);
    channels.onEvent(() => calls.push("new"));
    channels.notify(channels.bindIpi());
    expect(calls).toEqual(["new"]);
    expect(() => old.bindIpi()).toThrow("ESRCH");
  });

  test("raises a VIRQ of a vCPU where it is bound, and nowhere else", () => {
    const host = createHypervisor();
    host.createDomain({ vcpus: 2 });
    const guest = host.eventChannels(1);
    const first = guest.bindVirq(VIRQ.debug);
    host.raiseVirq(1, VIRQ.debug);
    expect(guest.pending()).toBe(first);
    guest.clearPending(first);
    const port = guest.bindVirq(VIRQ.timer, 1);
    host.raiseVirq(1, VIRQ.timer, 0);
    expect(guest.pending()).toBeUndefined();
    host.raiseVirq(1, VIRQ.timer, 1);
    expect(guest.pending()).toBe(port);
  });
});
