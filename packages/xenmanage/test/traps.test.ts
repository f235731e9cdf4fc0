import { CAPS, SHUTDOWN } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { DomainTracker, isXenmanageError, openXenmanage } from "@xenkit/xenmanage";
import { describe, expect, test } from "vitest";
import { emulated } from "./support/emulated.ts";
import { line } from "./support/setup.ts";

/** A started tracker that knows domain 1; what was said so far is forgotten. */
const withDomain1 = (options: Parameters<typeof emulated>[0] = {}) => {
  const e = emulated(options);
  expect(e.host.createDomain()).toBe(1);
  e.tracker.start();
  e.told.length = 0;
  e.calls.count = 0;
  return e;
};

describe("traps of the interface, on the emulator", () => {
  test("13: what createdomain takes for any domid names no domain, but 0 is dom0", () => {
    const { manage, tracker, calls } = withDomain1();
    for (const wildcard of [0x7ff4, 0x7ff5]) {
      expect(() => manage.getDomainInfo(wildcard)).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
      expect(() => tracker.refresh(wildcard)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    }
    expect(calls.count).toBe(0);
    expect(manage.getDomainInfo(0)).toEqual({ domid: 0, state: 1, caps: 3, uniqueId: 1n });
  });

  test("14: dying ends no domain, only dead does", () => {
    const { host, told, tracker } = withDomain1({ teardownSteps: 2 });
    host.holdReference(1);
    host.destroyStep(1);
    tracker.drain();
    tracker.refresh(1);
    expect(host.domain(1)?.state).toBe(5);
    expect(told).toEqual([]);
    host.destroyDomain(1);
    expect(told).toEqual(["dead 1#2 9"]);
    host.releaseReference(1);
    expect(told).toEqual(["dead 1#2 9", "gone 1#2 0"]);
  });

  test("15: a shutdown without a death is told", () => {
    const { host, told } = withDomain1();
    host.shutdownDomain(1);
    expect(told).toEqual(["shutdown 1#2 3"]);
  });

  test("16: a device model and its target that vanish between two drains are gone once each", () => {
    let deliver = (): void => {};
    const { host, tracker, told } = withDomain1({
      deliver: (flush) => {
        deliver = flush;
      },
    });
    const stub = host.createDomain({ domid: 7 });
    host.setTarget(stub, 1);
    tracker.drain();
    host.destroyDomain(1);
    host.destroyDomain(stub);
    deliver();
    expect(told).toEqual(["appeared 7#3 1", "gone 1#2 0", "gone 7#3 0"]);
  });

  test("a domid that is used again between two drains is one entry: replaced", () => {
    let deliver = (): void => {};
    const { host, told } = withDomain1({
      deliver: (flush) => {
        deliver = flush;
      },
    });
    host.destroyDomain(1);
    host.createDomain({ domid: 1 });
    deliver();
    expect(told).toEqual(["replaced 1#2→3 1"]);
  });

  test("a mark that is set while the drain runs is seen in this drain or the next, never lost", () => {
    // The other CPU creates one domain below and one above, after the first mark was taken.
    let host: ReturnType<typeof createHypervisor> | undefined;
    let left = 0;
    const e = withDomain1({
      onStep: (step) => {
        if (step !== "look-up" || left === 0) return;
        left = 0;
        host?.createDomain({ domid: 2 });
        host?.createDomain({ domid: 30 });
        host?.shutdownDomain(1);
      },
    });
    host = e.host;
    e.host.createDomain({ domid: 10 });
    left = 1;
    e.tracker.drain();
    expect(e.told.toSorted()).toEqual([
      "appeared 10#3 1",
      "appeared 2#4 1",
      "appeared 30#5 1",
      "shutdown 1#2 3",
    ]);
  });

  test("an event between the last ENOENT and the unmask is answered", () => {
    const host = createHypervisor();
    host.createDomain();
    const events = host.eventChannels(0);
    let raced = false;
    const told: string[] = [];
    const tracker = new DomainTracker({
      manage: openXenmanage({ hypercall: (op, buffer) => host.hypercall(0, op, buffer) }),
      events: {
        ...events,
        clearPending: (port) => {
          events.mask(port);
          events.clearPending(port);
        },
        unmask: (port) => {
          if (told.length > 0 && !raced) {
            raced = true;
            host.shutdownDomain(1);
          }
          events.unmask(port);
        },
      },
      onError: (error) => {
        throw error;
      },
    });
    tracker.onChange((change) => told.push(line(change)));
    tracker.start();
    expect(told.slice(-1)).toEqual(["shutdown 1#2 3"]);
  });

  test("a suspend with a suspend event channel raises no VIRQ: the next drain tells it", () => {
    const { host, told, tracker } = withDomain1();
    const bytes = new Uint8Array(144);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 29, true);
    view.setUint32(4, 0x18, true);
    view.setUint16(8, 1, true);
    view.setUint32(16, 1, true);
    expect(host.hypercall(0, 36, bytes)).toBe(0);
    host.shutdownDomain(1, SHUTDOWN.suspend);
    expect(told).toEqual([]);
    tracker.drain();
    expect(told).toEqual(["shutdown 1#2 3"]);
  });

  test("Xen's drain order can lose a domain: told as gone, repaired by refresh or resync", () => {
    let race = (): void => {};
    const e = withDomain1({
      drainOrder: "lookup-first",
      onStep: (step) => {
        if (step === "clear-mark") race();
      },
      deliver: () => {},
    });
    e.host.destroyDomain(1);
    race = () => {
      race = () => {};
      e.host.createDomain({ domid: 1 });
    };
    e.tracker.drain();
    expect(e.told).toEqual(["gone 1#2 0"]);
    expect(e.host.domain(1)?.uniqueId).toBe(3n);
    e.tracker.drain();
    expect(e.tracker.get(1)).toBeUndefined();
    e.tracker.resync();
    expect(e.told).toEqual(["gone 1#2 0", "appeared 1#3 1"]);
  });
});

describe("a tracker on the emulator", () => {
  test("has every domain after its start, dom0 with its capabilities", () => {
    const { host, tracker } = emulated();
    host.createDomain();
    host.createDomain({ domid: 0x7fef, caps: CAPS.xenstore });
    tracker.start();
    expect(tracker.snapshot()).toEqual([
      { domid: 0, state: 1, caps: 3, uniqueId: 1n },
      { domid: 1, state: 1, caps: 0, uniqueId: 2n },
      { domid: 0x7fef, state: 1, caps: 4, uniqueId: 3n },
    ]);
  });

  test("pays for a change what it costs, not what the host holds: changes and one", () => {
    const { host, tracker, calls } = withDomain1();
    for (let domid = 2; domid <= 1000; domid += 1) host.createDomain();
    tracker.drain();
    expect(calls.count).toBe(999 + 1);
    calls.count = 0;
    host.shutdownDomain(500);
    expect(calls.count).toBe(1 + 1);
  });

  test("outlives the move of the handler: EBUSY, EACCES, and all that happened meanwhile at the end", () => {
    const { host, manage, tracker, told } = withDomain1();
    const xenstored = host.createDomain({ caps: CAPS.xenstore });
    tracker.drain();
    tracker.stop();
    host.setVirqHandler(xenstored);
    const code = (call: () => void): string => {
      try {
        call();
        return "OK";
      } catch (error) {
        return isXenmanageError(error) ? error.code : "another error";
      }
    };
    expect(code(() => tracker.start())).toBe("EBUSY");
    expect(code(() => manage.pollChangedDomain())).toBe("EACCES");
    expect(code(() => tracker.refresh(1))).toBe("OK");
    host.destroyDomain(1);
    host.destroyDomain(xenstored);
    tracker.start();
    expect(told).toEqual(["appeared 2#3 1", "gone 1#2 0", "gone 2#3 0"]);
  });

  test("in the Xenstore domain works as in dom0, but EPERM there can mean: no such domain", () => {
    const host = createHypervisor();
    const domid = host.createDomain({ caps: CAPS.xenstore });
    host.setVirqHandler(domid);
    const manage = openXenmanage({ hypercall: (op, buffer) => host.hypercall(domid, op, buffer) });
    const tracker = new DomainTracker({
      manage,
      events: host.eventChannels(domid),
      onError: (error) => {
        throw error;
      },
    });
    tracker.start();
    expect(tracker.snapshot().map((domain) => domain.domid)).toEqual([0, domid]);
    expect(() => tracker.refresh(77)).toThrow(expect.objectContaining({ code: "EPERM" }));
  });
});
