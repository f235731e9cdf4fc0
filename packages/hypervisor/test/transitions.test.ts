import { DOMCTL, DOMID, HYPERVISOR, SCHEDOP, SHUTDOWN } from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { ALIVE, DOWN, domctl, drained, GONE, query, shutdown } from "./calls.ts";
import { hostWithGuest } from "./hosts.ts";

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
