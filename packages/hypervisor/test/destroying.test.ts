import { DOMCTL, ERRNO, SHUTDOWN, STATE, VIRQ } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import {
  begin,
  carryOut,
  DEAD,
  DOWN,
  DYING,
  domctl,
  drained,
  GONE,
  listen,
  query,
} from "./calls.ts";
import { hostWithGuest } from "./hosts.ts";

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

  test("of a zombie takes no steps, also when it is told to", () => {
    const { host } = hostWithGuest();
    host.holdReference(1);
    host.destroyDomain(1);
    host.setTeardownSteps(1, 2);
    expect(host.destroyStep(1)).toBe(true);
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
