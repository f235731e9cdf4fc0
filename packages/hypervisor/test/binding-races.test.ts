import { CAPS, ERRNO, VIRQ } from "@xenkit/abi";
import { type Call, createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { ALIVE, begin, carryOut, drained, listen } from "./calls.ts";

describe("two vCPUs that bind VIRQ_DOM_EXC at the same time", () => {
  const bothBegin = (host: Hypervisor): [Call, Call] => [
    begin.bindVirq(host, 0, VIRQ.domExc),
    begin.bindVirq(host, 0, VIRQ.domExc),
  ];

  /** Both begin, the first wins; the result of the second. */
  const race = (failedBind: "keeps-recording" | "stops-recording") => {
    const host = createHypervisor({ failedBind });
    const [winner, loser] = bothBegin(host);
    carryOut(winner);
    carryOut(loser);
    return { host, results: [winner.result, loser.result] };
  };

  test("what is drained before either has the port is not marked again by what they still do", () => {
    const host = createHypervisor();
    const [first, second] = bothBegin(host);
    first.step();
    expect(drained(host)).toEqual([[0, ALIVE]]);
    second.step();
    expect(host.changedCount).toBe(0);
    carryOut(first);
    carryOut(second);
    expect([first.result, second.result, host.changedCount]).toEqual([0, -ERRNO.EEXIST, 0]);
  });

  test("one that fails does not end what the other has begun and not finished", () => {
    const host = createHypervisor({ limits: { eventPorts: 1 } });
    const [first, second] = bothBegin(host);
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
    const [first, second] = bothBegin(host);
    expect(host.changedCount).toBeUndefined();
    first.step();
    expect(host.changedCount).toBe(1);
    carryOut(second);
    carryOut(first);
    expect([first.result, second.result, host.changedCount]).toEqual([-ERRNO.EEXIST, 0, 1]);
  });

  test("one without a port left undoes what it began, and what comes then begins afresh", () => {
    const host = createHypervisor({ limits: { eventPorts: 1 } });
    const [first, second] = bothBegin(host);
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
