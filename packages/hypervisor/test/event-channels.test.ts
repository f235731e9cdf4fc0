import { DOMID, EVTCHNOP, EVTCHNSTAT, evtchnReset, HYPERVISOR, VIRQ } from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { carryOut, listen } from "./calls.ts";

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

  test("can wait for any domid that has 16 bits", () => {
    expect(createHypervisor().eventChannels(0).allocUnbound(0xffff)).toBe(1);
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

  test("are closed one by one by a reset, the lowest first", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    for (let port = 1; port <= 3; port += 1) dom0.bindIpi();
    const bytes = evtchnReset.encode({ dom: DOMID.self });
    const left: number[][] = [];
    carryOut(host.begin(0, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.reset), () => {
      left.push([1, 2, 3].filter((port) => dom0.status(port) !== EVTCHNSTAT.closed));
    });
    expect(left).toEqual([[1, 2, 3], [2, 3], [3]]);
  });

  test("are another one for each VIRQ of each vCPU", () => {
    const host = createHypervisor();
    const guest = host.eventChannels(host.createDomain({ vcpus: 64 }));
    const perVcpu = [VIRQ.timer, VIRQ.debug, VIRQ.xenoprof, VIRQ.xenpmu];
    let bound = 0;
    for (const virq of perVcpu) {
      for (let vcpu = 0; vcpu < 64; vcpu += 1) expect(guest.bindVirq(virq, vcpu)).toBe(++bound);
    }
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
