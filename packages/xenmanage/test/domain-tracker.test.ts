import { DOMID, ERRNO, VIRQ } from "@xenkit/abi";
import { DomainTracker, type Hypercall, isXenmanageError, openXenmanage } from "@xenkit/xenmanage";
import { describe, expect, test } from "vitest";
import { gone, OnePort, type Script, scripted } from "./support/scripted.ts";
import { line, setup } from "./support/setup.ts";

/** A started tracker that knows domain 5 with unique id 7 in state 1; what was said so far is forgotten. */
const knowing5 = (options: { readonly drainLimit?: number } = {}) => {
  const s = setup(options);
  s.script.changed.push({ domid: 5, state: 1, id: 7n });
  s.tracker.start();
  s.told.length = 0;
  s.script.requests.length = 0;
  s.port.log.length = 0;
  return s;
};

describe("start", () => {
  test("binds VIRQ_DOM_EXC on vCPU 0 and drains at once: binding raises no event", () => {
    const { script, port, told, tracker } = setup();
    script.changed.push({ domid: 0, state: 1, caps: 3, id: 1n }, { domid: 5, state: 3, id: 7n });
    tracker.start();
    expect(port.log).toEqual([`bind ${VIRQ.domExc} 0`, "clear 7", "unmask 7"]);
    expect(told).toEqual(["appeared 0#1 1", "appeared 5#7 3"]);
    expect(tracker.snapshot()).toEqual([
      { domid: 0, state: 1, caps: 3, uniqueId: 1n },
      { domid: 5, state: 3, caps: 0, uniqueId: 7n },
    ]);
    expect(tracker.size).toBe(2);
    expect(tracker.get(5)).toBe(tracker.findByUniqueId(7n));
    expect(tracker.get(6)).toBeUndefined();
    expect(tracker.findByUniqueId(5n)).toBeUndefined();
  });

  test.each([
    { errno: ERRNO.EBUSY, code: "EBUSY" },
    { errno: ERRNO.EEXIST, code: "EEXIST" },
    { errno: ERRNO.EPERM, code: "EPERM" },
    { errno: ERRNO.ENOSPC, code: "unexpected-errno" },
  ] as const)(
    "throws $code when the VIRQ cannot be bound, and makes no hypercall",
    ({ errno, code }) => {
      const { script, port, tracker } = setup();
      port.refusal = errno;
      expect(() => tracker.start()).toThrow(expect.objectContaining({ code }));
      expect(tracker.running).toBe(false);
      expect(port.listeners).toBe(0);
      expect(script.requests).toEqual([]);
    },
  );

  test.each([
    new Error("no /dev/xen/evtchn"),
    Object.assign(new Error("of somebody else"), { details: { errno: "EBUSY" } }),
    Object.assign(new Error("without details"), { details: undefined }),
  ])("passes on what is no refusal of the hypervisor: %s", (failure) => {
    const { port, tracker } = setup();
    port.bindVirq = () => {
      throw failure;
    };
    expect(() => tracker.start()).toThrow(failure);
    expect(tracker.running).toBe(false);
  });

  test("throws when the initial drain fails, gives the port back, and can be tried again", () => {
    const { script, port, told, errors, tracker } = setup();
    script.changed.push({ domid: 1, state: 1, id: 1n }, -ERRNO.EPERM);
    expect(() => tracker.start()).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(tracker.running).toBe(false);
    expect(port.log.at(-1)).toBe("close 7");
    expect(port.listeners).toBe(0);
    expect(errors).toEqual([]);
    // A fresh bind marks every domain again: the one drained before is no news.
    script.changed.push({ domid: 1, state: 1, id: 1n }, { domid: 2, state: 1, id: 2n });
    tracker.start();
    expect(told).toEqual(["appeared 1#1 1", "appeared 2#2 1"]);
  });

  test("gives the port back when it cannot be listened to, and can be tried again", () => {
    const { port, tracker } = setup();
    const { onPort } = port;
    port.onPort = () => {
      throw new Error("no more watches");
    };
    expect(() => tracker.start()).toThrow("no more watches");
    expect([tracker.running, port.log.at(-1)]).toEqual([false, "close 7"]);
    port.onPort = onPort;
    tracker.start();
  });

  test("says who refused the VIRQ, and why", () => {
    const { port, tracker } = setup();
    port.refusal = ERRNO.EBUSY;
    expect(() => tracker.start()).toThrow(
      expect.objectContaining({
        message: "bindVirq of domid 0x7ff0: EBUSY: another domain is the handler of VIRQ_DOM_EXC",
        details: { operation: "bindVirq", domid: DOMID.self, errno: ERRNO.EBUSY },
        cause: expect.objectContaining({ message: "refused" }),
      }),
    );
  });

  test("is refused while running", () => {
    const { tracker } = setup();
    tracker.start();
    expect(() => tracker.start()).toThrow(
      expect.objectContaining({
        code: "wrong-state",
        message: "start: running already",
        details: { expected: "stopped" },
      }),
    );
    expect(tracker.running).toBe(true);
  });
});

describe("an event", () => {
  test("whose port cannot be unmasked is told as an error, and the tracker runs on", () => {
    const { port, errors, tracker } = knowing5();
    const failure = new Error("no such port");
    port.unmask = () => {
      throw failure;
    };
    port.raise();
    expect([errors, tracker.running]).toEqual([[failure], true]);
  });

  test("is answered in the order clear pending, drain to ENOENT, unmask", () => {
    const { script, port, tracker } = knowing5();
    const order: string[] = [];
    port.log.push = (entry: string) => order.push(entry);
    script.requests.push = (domid: number) => order.push(`poll ${domid}`);
    script.changed.push({ domid: 5, state: 3, id: 7n }, gone(6));
    port.raise();
    const poll = `poll ${DOMID.invalid}`;
    expect(order).toEqual(["clear 7", poll, poll, poll, "unmask 7"]);
    expect(tracker.get(5)?.state).toBe(3);
  });

  test.each([0, 1, 2, 7])("with %i changes costs that many hypercalls and one", (changes) => {
    const { script, port } = knowing5();
    for (let domid = 10; domid < 10 + changes; domid += 1) {
      script.changed.push({ domid, state: 1, id: BigInt(domid) });
    }
    port.raise();
    expect(script.requests).toHaveLength(changes + 1);
  });

  test("between the last ENOENT and the unmask is answered: nothing is lost", () => {
    const { script, port, told } = knowing5();
    const unmask = port.unmask.bind(port);
    let raced = false;
    port.unmask = (p) => {
      if (!raced) {
        raced = true;
        script.changed.push({ domid: 5, state: 3, id: 7n });
        port.raise();
      }
      unmask(p);
    };
    port.raise();
    expect(told).toEqual(["shutdown 5#7 3"]);
    expect(script.changed).toEqual([]);
    expect(port).toMatchObject({ pending: false, masked: false });
  });

  test("while draining, from a host that does not mask what it announces, is answered too", () => {
    const script = scripted();
    const listeners: (() => void)[] = [];
    let late = 2;
    const tracker = new DomainTracker({
      manage: openXenmanage({
        hypercall: (op, buffer) => {
          const rc = script.hypercall(op, buffer);
          if (rc !== 0 && late > 0) {
            // ENOENT is decided; now a domain changes, before the caller has seen the answer.
            late -= 1;
            script.changed.push({ domid: 5, state: 1 + 2 * late, id: 7n });
            for (const listener of listeners) listener();
          }
          return rc;
        },
      }),
      events: {
        bindVirq: () => 7,
        onPort: (_port, listener) => {
          listeners.push(listener);
          return () => {};
        },
        clearPending: () => {},
        unmask: () => {},
        close: () => {},
      },
      onError: (error) => {
        throw error;
      },
    });
    tracker.start();
    expect(script.changed).toEqual([]);
    expect(tracker.get(5)?.state).toBe(1);
  });
});

describe("an event that arrives inside a hypercall", () => {
  /** Lets domain 5 shut down, and the event arrive, after the first answer was made and before it is seen. */
  const raceInto = (port: OnePort, script: Script): Hypercall => {
    let raced = false;
    return (op, buffer) => {
      const rc = script.hypercall(op, buffer);
      if (rc === 0 && !raced && script.requests.length > 2) {
        raced = true;
        script.changed.push({ domid: 5, state: 3, id: 7n });
        port.raise();
      }
      return rc;
    };
  };

  const racing = () => {
    const script = scripted();
    const port = new OnePort();
    const told: string[] = [];
    const tracker = new DomainTracker({
      manage: openXenmanage({ hypercall: raceInto(port, script) }),
      events: port,
      onError: (error) => {
        throw error;
      },
    });
    tracker.onChange((change) => told.push(line(change)));
    script.changed.push({ domid: 5, state: 1, id: 7n });
    tracker.start();
    return { script, port, told, tracker };
  };

  test("of drain is answered after it, also when the tracker was asked something meanwhile", () => {
    const script = scripted();
    const port = new OnePort();
    let armed = false;
    const tracker: DomainTracker = new DomainTracker({
      manage: openXenmanage({
        hypercall: (op, buffer) => {
          const rc = script.hypercall(op, buffer);
          if (rc === 0 && armed) {
            armed = false;
            tracker.refresh(9);
            script.changed.push({ domid: 5, state: 3, id: 7n });
            port.raise();
          }
          return rc;
        },
      }),
      events: port,
      onError: (error) => {
        throw error;
      },
    });
    tracker.start();
    script.changed.push({ domid: 5, state: 1, id: 7n });
    armed = true;
    tracker.drain();
    expect(tracker.get(5)?.state).toBe(3);
  });

  test("of drain and stops the tracker is the last thing it hears", () => {
    const script = scripted();
    const tracker: DomainTracker = new DomainTracker({
      manage: openXenmanage({
        hypercall: (op, buffer) => {
          if (script.requests.length === 2) tracker.stop();
          return script.hypercall(op, buffer);
        },
      }),
      events: new OnePort(),
      onError: (error) => {
        throw error;
      },
    });
    for (const domid of [1, 2, 3, 4]) script.changed.push({ domid, state: 1, id: BigInt(domid) });
    tracker.start();
    expect(script.requests).toHaveLength(3);
    expect(tracker.size).toBe(3);
  });

  test("of drain is answered after it: the older answer does not come last", () => {
    const { script, port, told, tracker } = racing();
    script.changed.push({ domid: 5, state: 1, id: 7n });
    tracker.drain();
    expect(told).toEqual(["appeared 5#7 1", "shutdown 5#7 3"]);
    expect(port).toMatchObject({ pending: false, masked: false });
  });

  test("of refresh is answered after it, and leaves the port ready for the next", () => {
    const { script, port, told, tracker } = racing();
    script.explicit.set(5, { domid: 5, state: 1, id: 7n });
    tracker.refresh(5);
    expect(told).toEqual(["appeared 5#7 1", "shutdown 5#7 3"]);
    expect(port).toMatchObject({ pending: false, masked: false });
    expect(script.changed).toEqual([]);
  });
});

describe("one report, at most one change", () => {
  test.each([
    { report: { domid: 5, state: 3, id: 7n }, told: ["shutdown 5#7 3"] },
    { report: { domid: 5, state: 9, id: 7n }, told: ["dead 5#7 9"] },
    { report: { domid: 5, state: 0xb, id: 7n }, told: ["dead 5#7 11"] },
    { report: { domid: 5, state: 0xd, id: 7n }, told: ["dead 5#7 13"] },
    { report: { domid: 5, state: 5, id: 7n }, told: [] },
    { report: { domid: 5, state: 7, id: 7n }, told: ["shutdown 5#7 7"] },
    { report: { domid: 5, state: 1, id: 7n }, told: [] },
    { report: { domid: 5, state: 0x11, id: 7n }, told: [] },
    { report: gone(5), told: ["gone 5#7 0"] },
    { report: { domid: 5, state: 1, id: 8n }, told: ["replaced 5#7→8 1"] },
    { report: { domid: 5, state: 3, id: 8n }, told: ["replaced 5#7→8 3"] },
    { report: { domid: 5, state: 9, id: 8n }, told: ["replaced 5#7→8 9"] },
    { report: { domid: 6, state: 1, id: 8n }, told: ["appeared 6#8 1"] },
    { report: { domid: 6, state: 0xb, id: 8n }, told: ["appeared 6#8 11"] },
    { report: gone(6), told: [] },
  ])("of a running domain 5#7: $report gives $told, and twice the same gives no more", (row) => {
    const { script, port, told, tracker } = knowing5();
    script.changed.push(row.report);
    port.raise();
    expect(told).toEqual(row.told);
    const table = tracker.snapshot();
    script.changed.push(row.report, row.report);
    port.raise();
    expect(told).toEqual(row.told);
    expect(tracker.snapshot()).toEqual(table);
  });

  test("a domain is found by its own id only, not by that of the one it replaced", () => {
    const { script, port, tracker } = knowing5();
    script.changed.push({ domid: 5, state: 1, id: 8n });
    port.raise();
    expect(tracker.findByUniqueId(8n)).toBe(tracker.get(5));
    expect(tracker.findByUniqueId(7n)).toBeUndefined();
  });

  test("an id that moved to another domid is found there, also after the first domid is free", () => {
    const { script, port, tracker } = knowing5();
    script.changed.push({ domid: 6, state: 1, id: 7n }, gone(5));
    port.raise();
    expect(tracker.findByUniqueId(7n)).toMatchObject({ domid: 6 });
  });

  test("two ids that differ in one half only are two domains", () => {
    const { script, port, told } = knowing5();
    script.changed.push({ domid: 5, state: 1, id: (1n << 32n) + 7n });
    script.changed.push({ domid: 5, state: 1, id: (1n << 32n) + 8n });
    port.raise();
    expect(told).toEqual(["replaced 5#7→4294967303 1", "replaced 5#4294967303→4294967304 1"]);
  });

  test("one destroy, reported as dead, gone and gone again, is dead and gone once each", () => {
    const { script, port, told, tracker } = knowing5();
    script.changed.push({ domid: 5, state: 9, id: 7n }, gone(5), gone(5));
    port.raise();
    expect(told).toEqual(["dead 5#7 9", "gone 5#7 0"]);
    expect(tracker.size).toBe(0);
    expect(tracker.findByUniqueId(7n)).toBeUndefined();
  });

  test("a zombie that is shut down stays dead, without another change", () => {
    const { script, port, told, tracker } = knowing5();
    script.changed.push({ domid: 5, state: 9, id: 7n }, { domid: 5, state: 0xb, id: 7n });
    port.raise();
    expect(told).toEqual(["dead 5#7 9"]);
    expect(tracker.get(5)?.state).toBe(0xb);
  });

  test("0xd is dead, and dead is final: no second change when the flags settle", () => {
    const { script, port, told, tracker } = knowing5();
    script.changed.push({ domid: 5, state: 0xd, id: 7n }, { domid: 5, state: 5, id: 7n });
    script.changed.push({ domid: 5, state: 9, id: 7n });
    port.raise();
    expect(told).toEqual(["dead 5#7 13"]);
    expect(tracker.get(5)?.state).toBe(9);
  });

  test("shutdown and resume between two drains, one entry with state 1, is no change", () => {
    const { script, port, told } = knowing5();
    script.changed.push({ domid: 5, state: 1, id: 7n });
    port.raise();
    expect(told).toEqual([]);
  });

  test("a change carries what was and what is", () => {
    const { script, port, tracker } = knowing5();
    const changes: unknown[] = [];
    tracker.onChange((change) => changes.push(change));
    script.changed.push({ domid: 5, state: 3, caps: 4, id: 7n }, gone(5));
    port.raise();
    const first = { domid: 5, state: 1, caps: 0, uniqueId: 7n };
    const second = { domid: 5, state: 3, caps: 4, uniqueId: 7n };
    const last = { domid: 5, state: 0, caps: 0, uniqueId: 0n };
    expect(changes).toEqual([
      { kind: "shutdown", domain: second, previous: first },
      { kind: "gone", domain: last, previous: second },
    ]);
  });
});

describe("refresh", () => {
  test("tells a resume, which marks nothing", () => {
    const { script, port, told, tracker } = knowing5();
    script.changed.push({ domid: 5, state: 3, id: 7n });
    port.raise();
    script.explicit.set(5, { domid: 5, state: 1, id: 7n });
    expect(tracker.refresh(5)).toEqual({ domid: 5, state: 1, caps: 0, uniqueId: 7n });
    expect(tracker.refresh(5)?.state).toBe(1);
    expect(told).toEqual(["shutdown 5#7 3", "resumed 5#7 1"]);
  });

  test("of a domain that is not there any more tells gone, once, and ESRCH is no error", () => {
    const { told, tracker } = knowing5();
    expect(tracker.refresh(5)).toBeUndefined();
    expect(tracker.refresh(5)).toBeUndefined();
    expect(told).toEqual(["gone 5#7 0"]);
  });

  test("throws what the hypercall refuses, and keeps the table", () => {
    const { script, told, tracker } = knowing5();
    script.explicit.set(5, -ERRNO.EPERM);
    expect(() => tracker.refresh(5)).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(() => tracker.refresh(0x7ff0)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    expect(tracker.get(5)?.uniqueId).toBe(7n);
    expect(told).toEqual([]);
  });
});

describe("an error in the middle of a drain", () => {
  test("goes to onError, keeps what was learned, unmasks, and the next event drains the rest", () => {
    const { script, port, told, errors, tracker } = knowing5();
    script.changed.push({ domid: 1, state: 1, id: 1n }, -ERRNO.EFAULT, {
      domid: 2,
      state: 1,
      id: 2n,
    });
    port.raise();
    expect(told).toEqual(["appeared 1#1 1"]);
    expect(errors).toEqual([expect.objectContaining({ code: "unexpected-errno" })]);
    expect(port.log.at(-1)).toBe("unmask 7");
    expect(tracker.running).toBe(true);
    port.raise();
    expect(told).toEqual(["appeared 1#1 1", "appeared 2#2 1"]);
  });

  test("such as EACCES, after the handler moved, is survived: resync by rebinding", () => {
    const { script, port, told, errors, tracker } = knowing5();
    script.changed.push(-ERRNO.EACCES);
    port.raise();
    expect(isXenmanageError(errors[0], "EACCES")).toBe(true);
    expect(tracker.snapshot()).toHaveLength(1);

    port.refusal = ERRNO.EBUSY;
    expect(() => tracker.resync()).toThrow(expect.objectContaining({ code: "EBUSY" }));
    expect(tracker.running).toBe(false);
    expect(tracker.snapshot()).toHaveLength(1);

    port.refusal = 0;
    script.changed.push({ domid: 0, state: 1, id: 1n }, { domid: 6, state: 1, id: 8n });
    tracker.resync();
    expect(told).toEqual(["appeared 0#1 1", "appeared 6#8 1", "gone 5#7 0"]);
  });

  test("while resynchronising declares nobody gone: only ENOENT ends the census", () => {
    const { script, told, tracker } = knowing5();
    script.changed.push({ domid: 0, state: 1, id: 1n }, -ERRNO.EPERM);
    expect(() => tracker.resync()).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(told).toEqual(["appeared 0#1 1"]);
    expect(tracker.get(5)).toBeDefined();
    script.changed.push({ domid: 0, state: 1, id: 1n });
    tracker.start();
    expect(told).toEqual(["appeared 0#1 1", "gone 5#7 0"]);
  });

  test.each([0, -1, Number.NaN])("refuses a drain limit of %s", (drainLimit) => {
    expect(() => knowing5({ drainLimit })).toThrow(
      expect.objectContaining({
        code: "bad-option",
        details: { option: "drainLimit", value: drainLimit },
      }),
    );
  });

  test("is reported when ENOENT does not come within the limit", () => {
    const { script, port, errors, tracker } = knowing5({ drainLimit: 10 });
    for (let i = 0; i < 15; i += 1)
      script.changed.push({ domid: 5, state: 1 + 2 * (i % 2), id: 7n });
    port.raise();
    expect(errors).toEqual([
      expect.objectContaining({
        code: "endless-drain",
        message: "drain: endless-drain: no ENOENT within 10 answers",
        details: { limit: 10 },
      }),
    ]);
    expect(tracker.drain()).toBe(5);
  });
});

describe("resync", () => {
  test("compares the table with the drained set: missing is gone, another id is replaced, the rest is silent", () => {
    const { script, told, port, tracker } = setup();
    for (const [domid, id] of [
      [0, 1n],
      [9, 2n],
      [5, 3n],
      [7, 4n],
    ] as const) {
      script.changed.push({ domid, state: 1, id });
    }
    tracker.start();
    told.length = 0;
    script.changed.push({ domid: 0, state: 1, id: 1n }, { domid: 7, state: 3, id: 12n });
    tracker.resync();
    expect(told).toEqual(["replaced 7#4→12 3", "gone 5#3 0", "gone 9#2 0"]);
    expect(port.log.filter((entry) => /bind|close/.test(entry))).toEqual([
      "bind 3 0",
      "close 7",
      "bind 3 0",
    ]);
    expect(port.listeners).toBe(1);
  });

  test("from a listener takes its turn after the present drain", () => {
    const { script, told, tracker, port } = knowing5();
    let once = true;
    tracker.onChange(() => {
      if (!once) return;
      once = false;
      tracker.resync();
      script.changed.unshift({ domid: 6, state: 1, id: 8n }, { domid: 8, state: 1, id: 9n });
    });
    script.changed.push({ domid: 6, state: 1, id: 8n });
    port.raise();
    expect(told).toEqual(["appeared 6#8 1", "appeared 8#9 1", "gone 5#7 0"]);
    expect(tracker.running).toBe(true);
    expect(port).toMatchObject({ pending: false, masked: false });
  });
});

describe("stop", () => {
  test("closes the port, keeps the table, and does nothing twice", () => {
    const { port, tracker } = knowing5();
    tracker.stop();
    tracker.stop();
    expect(port.log).toEqual(["close 7"]);
    expect(port.listeners).toBe(0);
    expect(tracker.snapshot()).toHaveLength(1);
    expect(() => tracker.drain()).toThrow(
      expect.objectContaining({
        code: "wrong-state",
        message: "drain: not running",
        details: { expected: "running" },
      }),
    );
  });

  test("does not fail when the port is closed already: that is told, and a resync goes on", () => {
    const { port, errors, tracker } = knowing5();
    port.closeError = new Error("closed");
    tracker.resync();
    expect(tracker.running).toBe(true);
    expect(errors).toEqual([port.closeError]);
  });

  test("from a listener closes the port, which is not unmasked any more", () => {
    const { script, port, tracker } = knowing5();
    tracker.onChange(() => tracker.stop());
    script.changed.push({ domid: 6, state: 1, id: 8n }, { domid: 7, state: 1, id: 9n });
    port.raise();
    expect(script.requests).toHaveLength(3);
    expect(port.log).toEqual(["clear 7", "close 7"]);
  });

  test("is what disposal does, either way", async () => {
    const port = new OnePort();
    const make = () => {
      const options = { manage: openXenmanage(scripted()), events: port, onError: () => {} };
      const tracker = new DomainTracker(options);
      tracker.start();
      return tracker;
    };
    {
      using tracker = make();
      expect(tracker.running).toBe(true);
    }
    expect(port.log.at(-1)).toBe("close 7");
    port.log.length = 0;
    {
      await using tracker = make();
      expect(tracker.running).toBe(true);
    }
    expect(port.log.at(-1)).toBe("close 7");
  });
});

describe("what one drain found", () => {
  test("is told together, in order, before the next event is let in", () => {
    const { script, port, tracker } = knowing5();
    const batches: string[][] = [];
    tracker.onChanges((changes) => {
      batches.push(changes.map(({ kind, domain }) => `${kind} ${domain.domid}`));
      port.log.push("told");
    });
    script.changed.push({ domid: 6, state: 1, id: 8n }, gone(5), { domid: 7, state: 1, id: 9n });
    port.raise();
    port.raise();
    expect(batches).toEqual([["appeared 6", "gone 5", "appeared 7"]]);
    expect(port.log).toEqual(["clear 7", "told", "unmask 7", "clear 7", "unmask 7"]);
  });

  test("a listener that changes something is told of it after everybody was told of the present changes", () => {
    const { script, port, tracker } = knowing5();
    const order: string[] = [];
    tracker.onChanges((changes) => {
      order.push(`a ${changes.map(({ domain }) => domain.domid).join()}`);
      if (changes[0]?.domain.domid !== 6) return;
      script.changed.push({ domid: 7, state: 1, id: 9n });
      tracker.drain();
    });
    tracker.onChanges((changes) =>
      order.push(`b ${changes.map(({ domain }) => domain.domid).join()}`),
    );
    script.changed.push({ domid: 6, state: 1, id: 8n });
    port.raise();
    expect(order).toEqual(["a 6", "b 6", "a 7", "b 7"]);
  });
});

describe("listeners", () => {
  test("that throw do not break the drain, nor keep the others from being told", () => {
    const { script, port, told, errors, tracker } = knowing5();
    const failure = new Error("from a listener");
    tracker.onChange(() => {
      throw failure;
    });
    const after: string[] = [];
    tracker.onChange((change) => after.push(change.kind));
    script.changed.push({ domid: 6, state: 1, id: 8n }, { domid: 5, state: 9, id: 7n });
    port.raise();
    expect(told).toEqual(["appeared 6#8 1", "dead 5#7 9"]);
    expect(after).toEqual(["appeared", "dead"]);
    expect(errors).toEqual([failure, failure]);
    expect(port).toMatchObject({ pending: false, masked: false });
  });

  test("see all changes in one order, also those that a listener causes", () => {
    const { script, port, tracker } = knowing5();
    const orders: string[][] = [[], []];
    tracker.onChange((change) => {
      orders[0]?.push(change.kind);
      if (change.kind === "shutdown") tracker.refresh(5);
    });
    tracker.onChange((change) => orders[1]?.push(change.kind));
    script.changed.push({ domid: 5, state: 3, id: 7n });
    port.raise();
    expect(orders).toEqual([
      ["shutdown", "gone"],
      ["shutdown", "gone"],
    ]);
  });

  test("are told no more once they unsubscribed; the same function may listen twice", () => {
    const { script, port, tracker } = knowing5();
    const kinds: string[] = [];
    const listener = ({ kind }: { readonly kind: string }) => void kinds.push(kind);
    const end = tracker.onChange(listener);
    tracker.onChange(listener);
    script.changed.push({ domid: 5, state: 3, id: 7n });
    port.raise();
    end();
    end();
    script.changed.push({ domid: 5, state: 9, id: 7n });
    port.raise();
    expect(kinds).toEqual(["shutdown", "shutdown", "dead"]);
  });
});

test("a listener that is ended in the middle of a drain's changes is told none of the rest", () => {
  const { script, port, tracker } = knowing5();
  const told: string[] = [];
  const end = tracker.onChange(({ kind }) => {
    told.push(`first ${kind}`);
    end();
    endOther();
  });
  const endOther = tracker.onChange(({ kind }) => told.push(`second ${kind}`));
  script.changed.push({ domid: 5, state: 3, id: 7n }, gone(5));
  port.raise();
  expect(told).toEqual(["first shutdown"]);
});

test("a listener to all changes is told none that come after it was ended, by itself or by another", () => {
  const { script, port, tracker } = knowing5();
  const told: string[] = [];
  const ends = ["first", "second"].map((name) =>
    tracker.onChanges((changes) => {
      told.push(`${name} ${changes.map(({ kind }) => kind).join(" ")}`);
      for (const end of ends) end();
    }),
  );
  script.changed.push({ domid: 5, state: 3, id: 7n });
  port.raise();
  script.changed.push(gone(5));
  port.raise();
  expect(told).toEqual(["first shutdown"]);
});

test("a drain limit of 1 will do where nothing has changed", () => {
  const { port, errors, tracker } = setup({ drainLimit: 1 });
  tracker.start();
  port.raise();
  expect(errors).toEqual([]);
});

test("the port is unmasked even when who hears of errors throws", () => {
  const script = scripted();
  const port = new OnePort();
  const tracker = new DomainTracker({
    manage: openXenmanage({ hypercall: script.hypercall }),
    events: port,
    onError: (error) => {
      throw error;
    },
  });
  tracker.start();
  const end = tracker.onChange(() => {
    throw new Error("listener");
  });
  script.changed.push({ domid: 5, state: 1, id: 7n });
  expect(() => port.raise()).toThrow("listener");
  end();
  expect(port).toMatchObject({ pending: false, masked: false });
  script.changed.push(gone(5));
  port.raise();
  expect(tracker.size).toBe(0);
});

test("a drain takes 131,008 answers when nothing else was asked for: four for each domid", () => {
  let calls = 0;
  const tracker = new DomainTracker({
    manage: openXenmanage({
      hypercall: (_op, buffer) => {
        calls += 1;
        buffer.fill(0, 8, 10);
        return calls === 1 ? -ERRNO.ENOENT : 0;
      },
    }),
    events: new OnePort(),
    onError: () => {},
  });
  tracker.start();
  calls = 1;
  expect(() => tracker.drain()).toThrow("no ENOENT within 131008 answers");
  expect(calls).toBe(1 + 131_008);
});

test("an entry is the same object until something of the domain changes, be it only its caps", () => {
  const { script, told, tracker } = knowing5();
  const before = tracker.get(5);
  script.changed.push({ domid: 5, state: 1, id: 7n });
  tracker.drain();
  expect(tracker.get(5)).toBe(before);
  script.changed.push({ domid: 5, state: 1, caps: 4, id: 7n });
  tracker.drain();
  expect([tracker.get(5)?.caps, before?.caps, told]).toEqual([4, 0, []]);
});
