import {
  DOMID,
  ERRNO,
  EVTCHNOP,
  EVTCHNSTAT,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBinding,
  evtchnStatus,
  HYPERVISOR,
  VIRQ,
} from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { begin, listen } from "./calls.ts";

/**
 * event_channel_op with a struct of 32-bit words. @returns The result, and the words afterwards.
 */
const op = (host: Hypervisor, caller: number, cmd: number, ...words: number[]): number[] => {
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  const result = host.hypercall(caller, HYPERVISOR.eventChannelOp, bytes, cmd);
  return [result, ...new Uint32Array(bytes.buffer)];
};

const status = (host: Hypervisor, caller: number, dom: number, port: number): unknown => {
  const request = { dom, port, status: 0, vcpu: 0, u: { first: 0, second: 0 } };
  const bytes = evtchnStatus.encode(request);
  const result = host.hypercall(caller, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.status);
  return result === 0 ? evtchnBinding(evtchnStatus.decode(bytes)) : result;
};

/** dom0, guests 1 and 2, and a channel between 1 and dom0. */
const connected = (): { host: Hypervisor; port: number; remotePort: number } => {
  const host = createHypervisor();
  host.createDomain();
  host.createDomain();
  const port = host.eventChannels(1).allocUnbound(0);
  const remotePort = host.eventChannels(0).bindInterdomain(1, port);
  host.eventChannels(0).clearPending(remotePort);
  return { host, port, remotePort };
};

describe("event channels by hypercall", () => {
  test("alloc_unbound and bind_interdomain connect two ports, and status says so", () => {
    const host = createHypervisor();
    host.createDomain();
    const unbound = evtchnAllocUnbound.encode({ dom: DOMID.self, remoteDom: 0, port: 0 });
    expect(host.hypercall(1, HYPERVISOR.eventChannelOp, unbound, EVTCHNOP.allocUnbound)).toBe(0);
    const { port } = evtchnAllocUnbound.decode(unbound);
    expect(status(host, 1, DOMID.self, port)).toEqual({ kind: "unbound", dom: 0 });
    const bind = evtchnBindInterdomain.encode({ remoteDom: 1, remotePort: port, localPort: 0 });
    expect(host.hypercall(0, HYPERVISOR.eventChannelOp, bind, EVTCHNOP.bindInterdomain)).toBe(0);
    const { localPort } = evtchnBindInterdomain.decode(bind);
    // What was sent before must not be missed.
    expect(host.eventChannels(0).isPending(localPort)).toBe(true);
    expect(status(host, 1, 1, port)).toEqual({ kind: "interdomain", dom: 0, port: localPort });
    expect(status(host, 0, 1, port)).toEqual({ kind: "interdomain", dom: 0, port: localPort });
    expect(status(host, 0, DOMID.self, localPort)).toEqual({ kind: "interdomain", dom: 1, port });
  });

  test("a toolstack opens a port in a guest for itself; a guest cannot in another", () => {
    const host = createHypervisor();
    host.createDomain();
    host.createDomain();
    expect(op(host, 0, EVTCHNOP.allocUnbound, 1, 0)).toEqual([0, 1, 1]);
    expect(op(host, 2, EVTCHNOP.allocUnbound, 1, 0)[0]).toBe(-ERRNO.EPERM);
    expect(op(host, 2, EVTCHNOP.allocUnbound, 9, 0)[0]).toBe(-ERRNO.ESRCH);
  });

  test("a port can only be bound by whom it waits for, and once", () => {
    const { host, port } = connected();
    const open = host.eventChannels(1).allocUnbound(2);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, open, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, port, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, 999, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 77, port, 0)[0]).toBe(-ERRNO.ESRCH);
    expect(op(host, 2, EVTCHNOP.bindInterdomain, 1, open, 0)[0]).toBe(0);
  });

  test("send signals the other end; into an unbound port it is lost; from a VIRQ it is EINVAL", () => {
    const { host, port, remotePort } = connected();
    expect(op(host, 1, EVTCHNOP.send, port)[0]).toBe(0);
    expect(host.eventChannels(0).isPending(remotePort)).toBe(true);
    expect(op(host, 1, EVTCHNOP.send, host.eventChannels(1).allocUnbound(0))[0]).toBe(0);
    expect(op(host, 1, EVTCHNOP.send, host.eventChannels(1).bindVirq(VIRQ.timer))[0]).toBe(
      -ERRNO.EINVAL,
    );
    expect(op(host, 1, EVTCHNOP.send, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 1, EVTCHNOP.send, 0xffffffff)[0]).toBe(-ERRNO.EINVAL);
  });

  test("close leaves the other end unbound, for the same domain to bind again", () => {
    const { host, port, remotePort } = connected();
    expect(op(host, 0, EVTCHNOP.close, remotePort)[0]).toBe(0);
    expect(op(host, 0, EVTCHNOP.close, remotePort)[0]).toBe(-ERRNO.EINVAL);
    expect(status(host, 1, DOMID.self, port)).toEqual({ kind: "unbound", dom: 0 });
    expect(host.eventChannels(0).bindInterdomain(1, port)).toBe(remotePort);
  });

  test("the death of a domain closes its ports", () => {
    const { host, remotePort } = connected();
    host.destroyDomain(1);
    expect(status(host, 0, DOMID.self, remotePort)).toEqual({ kind: "unbound", dom: 1 });
  });

  test("reset closes all ports of a domain; of another only with power over it", () => {
    const { host } = connected();
    expect(op(host, 2, EVTCHNOP.reset, 1)[0]).toBe(-ERRNO.EPERM);
    expect(host.eventChannels(1).count).toBe(1);
    expect(op(host, 1, EVTCHNOP.reset, DOMID.self)[0]).toBe(0);
    expect(host.eventChannels(1).count).toBe(0);
  });

  test("status knows VIRQs, IPIs and closed ports, and refuses a port past the limit", () => {
    const { host } = connected();
    const channels = host.eventChannels(1);
    expect(status(host, 1, 1, channels.bindVirq(VIRQ.debug))).toEqual({ kind: "virq", virq: 1 });
    expect(op(host, 1, EVTCHNOP.bindIpi, 0, 0)).toEqual([0, 0, 3]);
    expect(status(host, 1, 1, 3)).toEqual({ kind: "ipi" });
    expect(status(host, 1, 1, 1023)).toEqual({ kind: "closed" });
    expect(status(host, 1, 1, 1024)).toBe(-ERRNO.EINVAL);
    expect(status(host, 2, 1, 1)).toBe(-ERRNO.EPERM);
  });

  test("domid SELF is the caller itself, as owner and as the other end", () => {
    const { host } = connected();
    expect(op(host, 2, EVTCHNOP.allocUnbound, DOMID.self | (DOMID.self << 16), 0)[0]).toBe(0);
    expect(status(host, 2, 2, 1)).toEqual({ kind: "unbound", dom: 2 });
    expect(op(host, 2, EVTCHNOP.bindInterdomain, DOMID.self, 1, 0)).toEqual([0, DOMID.self, 1, 2]);
    expect(status(host, 2, 2, 2)).toEqual({ kind: "interdomain", dom: 2, port: 1 });
  });

  test("the port is told in its field of the request, and the rest stays as it was", () => {
    const host = createHypervisor({ dom0Vcpus: 2 });
    expect(op(host, 0, EVTCHNOP.bindIpi, 1, 7)).toEqual([0, 1, 1]);
    expect(op(host, 0, EVTCHNOP.bindVirq, VIRQ.debug, 1, 7)).toEqual([0, VIRQ.debug, 1, 2]);
    expect(op(host, 0, EVTCHNOP.allocUnbound, 5 << 16, 7)).toEqual([0, 5 << 16, 3]);
    expect(op(host, 0, EVTCHNOP.bindIpi, 256, 7)[0]).toBe(-ERRNO.ENOENT);
  });

  test("status gives every field; of a closed port all are 0", () => {
    const host = createHypervisor({ dom0Vcpus: 2 });
    host.eventChannels(0).bindVirq(VIRQ.debug, 1);
    host.createDomain();
    const guest = host.eventChannels(1);
    const dom0 = host.eventChannels(0);
    dom0.close(dom0.bindInterdomain(1, guest.allocUnbound(0)));
    const words = (port: number, domid: number = DOMID.self): number[] =>
      op(host, 0, EVTCHNOP.status, domid, port, 9, 9, 9, 9).slice(1);
    expect(words(1, 1)).toEqual([1, 1, EVTCHNSTAT.unbound, 0, 0, 0]);
    expect(words(1)).toEqual([DOMID.self, 1, EVTCHNSTAT.virq, 1, VIRQ.debug, 0]);
    expect(words(2)).toEqual([DOMID.self, 2, EVTCHNSTAT.closed, 0, 0, 0]);
  });

  test("without a free port it is ENOSPC; in a domain on its way out EINVAL", () => {
    const host = createHypervisor({ limits: { eventPorts: 1 } });
    host.createDomain({ teardownSteps: 1 });
    const port = host.eventChannels(1).allocUnbound(0);
    expect(op(host, 0, EVTCHNOP.allocUnbound, 1, 0)[0]).toBe(-ERRNO.ENOSPC);
    host.eventChannels(0).bindIpi();
    expect(op(host, 0, EVTCHNOP.bindIpi, 0, 0)[0]).toBe(-ERRNO.ENOSPC);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, port, 0)[0]).toBe(-ERRNO.ENOSPC);
    host.destroyStep(1);
    expect(op(host, 0, EVTCHNOP.allocUnbound, 1, 0)[0]).toBe(-ERRNO.EINVAL);
  });

  test("an IPI is sent by the domain to itself", () => {
    const host = createHypervisor();
    const port = host.eventChannels(0).bindIpi();
    expect(op(host, 0, EVTCHNOP.send, port)[0]).toBe(0);
    expect(host.eventChannels(0).isPending(port)).toBe(true);
  });

  test.each(Object.entries(EVTCHNOP))(
    "%s in a buffer that is too short is EFAULT or ENOSYS",
    (_name, cmd) => {
      const host = createHypervisor();
      for (const buffer of [undefined, new Uint8Array(1)]) {
        const result = host.hypercall(0, HYPERVISOR.eventChannelOp, buffer, cmd);
        expect([-ERRNO.EFAULT, -ERRNO.ENOSYS]).toContain(result);
      }
    },
  );

  test("unmask delivers what waited; of a closed port it is EINVAL", () => {
    const { host, port, remotePort } = connected();
    const calls: number[] = [];
    host.eventChannels(0).onEvent((called) => calls.push(called));
    host.eventChannels(0).mask(remotePort);
    host.eventChannels(1).notify(port);
    expect(calls).toEqual([]);
    expect(op(host, 0, EVTCHNOP.unmask, remotePort)[0]).toBe(0);
    expect(calls).toEqual([remotePort]);
    expect(op(host, 0, EVTCHNOP.unmask, 99)[0]).toBe(-ERRNO.EINVAL);
  });
});

describe("the ports of a domain", () => {
  test("are as many as it was created with, and a closed one is used again", () => {
    const host = createHypervisor();
    host.createDomain({ maxEvtchnPort: 3 });
    const channels = host.eventChannels(1);
    expect([1, 2, 3].map(() => channels.allocUnbound(0))).toEqual([1, 2, 3]);
    expect(() => channels.allocUnbound(0)).toThrow("ENOSPC");
    expect(() => channels.bindIpi()).toThrow("ENOSPC");
    channels.close(2);
    expect(channels.bindIpi()).toBe(2);
  });

  test("are handed out lowest first, and a closed one leaves nothing to the next", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const timer = dom0.bindVirq(VIRQ.timer);
    const [second, third] = [dom0.bindIpi(), dom0.bindIpi()];
    dom0.notify(second);
    dom0.close(second);
    dom0.close(third);
    expect(() => dom0.bindVirq(VIRQ.timer)).toThrow("EEXIST");
    expect([dom0.bindIpi(), dom0.isPending(second), timer]).toEqual([second, false, 1]);
  });

  test("other than that of VIRQ_DOM_EXC end no recording when they are closed", () => {
    const host = createHypervisor();
    const { port } = listen(host);
    const dom0 = host.eventChannels(0);
    dom0.close(dom0.bindVirq(VIRQ.debug));
    dom0.close(dom0.bindIpi());
    expect(host.changedCount).toBe(0);
    dom0.close(port);
    expect(host.changedCount).toBeUndefined();
  });

  test("used up by one guest are not missed by another", () => {
    const host = createHypervisor();
    for (const domid of [1, 2]) host.createDomain({ domid, maxEvtchnPort: 0xffffffff });
    const greedy = host.eventChannels(1);
    for (let port = 1; port <= 131_071; port += 1) greedy.allocUnbound(2);
    expect(() => greedy.allocUnbound(2)).toThrow("ENOSPC");
    expect(host.eventChannels(2).allocUnbound(1)).toBe(1);
    expect(host.eventChannels(0).allocUnbound(1)).toBe(1);
  });
});

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

describe("the port interface", () => {
  test("is for the living: a domain that is dying has none", () => {
    const host = createHypervisor();
    host.createDomain({ teardownSteps: 1 });
    const channels = host.eventChannels(1);
    host.destroyStep(1);
    expect(() => channels.bindIpi()).toThrow("ESRCH");
    expect(() => channels.onEvent(() => {})).toThrow("ESRCH");
  });

  test("has one listener for each port; who was replaced ends nothing", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const port = dom0.bindIpi();
    const calls: string[] = [];
    const signal = (): void => {
      dom0.clearPending(port);
      dom0.notify(port);
    };
    const endFirst = dom0.onPort(port, () => calls.push("first"));
    const endSecond = dom0.onPort(port, () => calls.push("second"));
    endFirst();
    signal();
    expect(calls).toEqual(["second"]);
    endSecond();
    signal();
    expect(calls).toEqual(["second"]);
  });

  test("gives the port that has been pending longest, and passes over masked ones", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const [first, second, third] = [dom0.bindIpi(), dom0.bindIpi(), dom0.bindIpi()];
    for (const port of [third, first, second]) dom0.notify(port);
    dom0.mask(third);
    expect(dom0.pending()).toBe(first);
    dom0.clearPending(first);
    expect(dom0.pending()).toBe(second);
    dom0.reset();
    expect([dom0.pending(), dom0.count, dom0.status(first)]).toEqual([
      undefined,
      0,
      EVTCHNSTAT.closed,
    ]);
  });

  test.each([
    { name: "notify", act: (host: Hypervisor) => host.eventChannels(0).notify(9), errno: "EINVAL" },
    { name: "close", act: (host: Hypervisor) => host.eventChannels(0).close(9), errno: "EINVAL" },
    { name: "mask", act: (host: Hypervisor) => host.eventChannels(0).mask(9), errno: "EINVAL" },
    {
      name: "onPort",
      act: (host: Hypervisor) => host.eventChannels(0).onPort(9, () => {}),
      errno: "EINVAL",
    },
    {
      name: "bindVirq",
      act: (host: Hypervisor) => host.eventChannels(0).bindVirq(24),
      errno: "EINVAL",
    },
    {
      name: "bindInterdomain",
      act: (host: Hypervisor) => host.eventChannels(0).bindInterdomain(9, 1),
      errno: "ESRCH",
    },
    { name: "no such domain", act: (host: Hypervisor) => host.eventChannels(9), errno: "ESRCH" },
  ])("$name throws $errno", ({ act, errno }) => {
    expect(() => act(createHypervisor())).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ name: errno }) }),
    );
  });
});
