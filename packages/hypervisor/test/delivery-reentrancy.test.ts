import { DOMID, VIRQ } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { query } from "./calls.ts";

describe("a listener that is in the middle of an event", () => {
  test("may load another state: what waits there is delivered, and nothing of the old one", () => {
    const other = createHypervisor({ deliver: () => {} });
    other.eventChannels(0).notify(other.eventChannels(0).bindIpi());
    const state = other.dump();

    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    dom0.bindVirq(VIRQ.domExc);
    const [first, second] = [dom0.bindIpi(), dom0.bindIpi()];
    const ports: number[] = [];
    dom0.onEvent((port) => {
      ports.push(port);
      if (port !== first) return;
      dom0.notify(second);
      host.load(state);
    });
    dom0.notify(first);
    expect(ports).toEqual([first, 1]);
    // Not taken for one that still waits: the next event on it is told.
    host.eventChannels(0).clearPending(1);
    host.eventChannels(0).notify(1);
    expect(ports).toEqual([first, 1, 1]);
  });

  test("dumps what still waits, and not what was told", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const [first, second] = [dom0.bindIpi(), dom0.bindIpi()];
    const waiting: unknown[] = [];
    dom0.onPort(second, () => {});
    dom0.onPort(first, () => {
      dom0.notify(second);
      waiting.push(...host.dump().deliveries);
    });
    dom0.notify(first);
    expect(waiting).toEqual([[0, second]]);
  });

  test("may end another one, which is told no more", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const port = dom0.bindIpi();
    const told: string[] = [];
    dom0.onEvent(() => {
      told.push("first");
      end();
    });
    const end = dom0.onEvent(() => told.push("second"));
    dom0.notify(port);
    expect(told).toEqual(["first"]);
  });

  test("may close the port: its own listener ended with it", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const port = dom0.bindIpi();
    const told: string[] = [];
    dom0.onPort(port, () => told.push("port"));
    dom0.onEvent((closing) => {
      told.push("all");
      dom0.close(closing);
    });
    dom0.notify(port);
    expect(told).toEqual(["all"]);
  });
});

test("a listener that takes its own place is not ended by its former self", () => {
  const host = createHypervisor();
  const dom0 = host.eventChannels(0);
  const port = dom0.bindIpi();
  let told = 0;
  const listener = () => {
    told += 1;
  };
  const endFormer = dom0.onPort(port, listener);
  dom0.onPort(port, listener);
  endFormer();
  dom0.notify(port);
  expect(told).toBe(1);
});

test("when even the hearer of errors throws, the events after it wait for the next hypercall", () => {
  const host = createHypervisor({
    onListenerError: (error) => {
      throw error;
    },
  });
  const dom0 = host.eventChannels(0);
  const [first, second] = [dom0.bindIpi(), dom0.bindIpi()];
  const told: number[] = [];
  dom0.onPort(second, (port) => told.push(port));
  dom0.onPort(first, () => {
    dom0.notify(second);
    throw new Error("listener");
  });
  expect(() => dom0.notify(first)).toThrow("listener");
  host.createDomain();
  expect(told).toEqual([second]);
});

test("a host that went down delivers nothing more, also where delivery was put off", () => {
  const later: (() => void)[] = [];
  const host = createHypervisor({ deliver: (flush) => later.push(flush) });
  const dom0 = host.eventChannels(0);
  const port = dom0.bindVirq(VIRQ.domExc);
  dom0.onPort(port, () => query(host, 0, DOMID.invalid));
  host.shutdownDomain(host.createDomain());
  host.shutdownDomain(0);
  for (const flush of later) flush();
  expect([later.length, host.down]).toEqual([1, 0]);
});
