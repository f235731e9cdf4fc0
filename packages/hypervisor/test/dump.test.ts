import { VIRQ } from "@xenkit/abi";
import { createHypervisor, type Hypervisor, type HypervisorState } from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drained, listen } from "./calls.ts";
import { operations, perform } from "./random-operations.ts";

const throughJson = (host: Hypervisor): HypervisorState => JSON.parse(JSON.stringify(host.dump()));

/** A host with one of everything. */
const rich = (options = {}): Hypervisor => {
  const host = createHypervisor(options);
  for (let domid = 1; domid <= 4; domid += 1) host.createDomain();
  listen(host);
  host.mapForeignPage(0, 1, 3).page[1] = 0xee;
  host.ringPage(1).fill(7);
  host.mapGrant(0, 1, 1);
  host.setTarget(3, 2);
  host.setVirqHandler(4, VIRQ.console);
  host.eventChannels(4).bindVirq(VIRQ.console);
  const port = host.eventChannels(2).allocUnbound(0);
  host.eventChannels(0).bindInterdomain(2, port);
  host.eventChannels(0).mask(1);
  host.shutdownDomain(2, 1);
  host.destroyDomain(1);
  return host;
};

describe("dump and load", () => {
  test("give the same host", () => {
    const state = throughJson(rich());
    const copy = createHypervisor();
    copy.load(state);
    expect(copy.dump()).toEqual(state);
    expect(copy.domains()).toEqual(rich().domains());
    expect(drained(copy).map(([domid]) => domid)).toEqual([1, 2]);
  });

  test("keep shared pages shared, also those of a dead owner", () => {
    const copy = createHypervisor();
    copy.load(throughJson(rich()));
    expect(copy.mappedPage(1)[1]).toBe(0xee);
    expect(copy.mappedPage(2)[9]).toBe(7);
    copy.unmap(1);
    expect(copy.domain(1)).toBeDefined();
    copy.unmap(2);
    expect(copy.domain(1)).toBeUndefined();
  });

  test("at any point of any run, the loaded host goes on as the first does", () => {
    fc.assert(
      fc.property(operations(40), operations(25), (before, after) => {
        const options = { uniqueIds: "xorshift", teardownSteps: 1 } as const;
        const first = createHypervisor(options);
        for (const operation of before) perform(first, operation);
        const second = createHypervisor(options);
        second.load(throughJson(first));
        for (const operation of after) {
          expect(perform(second, operation)).toEqual(perform(first, operation));
        }
        expect(second.dump()).toEqual(first.dump());
      }),
      { numRuns: 150 },
    );
  });

  test("finish a free that was put off", () => {
    const host = createHypervisor({ schedule: () => {} });
    host.createDomain();
    host.destroyDomain(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    expect(copy.createDomain({ domid: 1 })).toBe(1);
  });

  test("deliver the events that waited", () => {
    const host = createHypervisor({ deliver: () => {} });
    host.eventChannels(0).notify(host.eventChannels(0).bindIpi());
    const copy = createHypervisor();
    const calls: number[] = [];
    copy.eventChannels(0).onEvent((port) => calls.push(port));
    copy.load(throughJson(host));
    expect(calls).toEqual([1]);
  });
});

describe("a state that is not right", () => {
  const state = throughJson(rich());

  test("is refused whole, wherever a value is of another kind", () => {
    const host = createHypervisor();
    const before = host.dump();
    for (const path of placesOf(state)) {
      for (const value of [1.5, 2 ** 70, "x", {}, undefined]) {
        expect(() => host.load(withValue(state, path, value))).toThrow(
          expect.objectContaining({ code: "bad-state" }),
        );
      }
    }
    expect(host.dump()).toEqual(before);
  });

  test.each([
    { why: "another version", path: ["version"], value: 2 },
    { why: "another release", path: ["release"], value: "4.21" },
    { why: "another kind of unique ids", path: ["uniqueIds", "policy"], value: "xorshift" },
    { why: "a domid twice", path: ["domains", 1, "domid"], value: 0 },
    { why: "a unique id twice", path: ["domains", 1, "uniqueId"], value: "0x1" },
    { why: "a unique id of 0", path: ["domains", 1, "uniqueId"], value: "0x0" },
    {
      why: "a unique id past 64 bits",
      path: ["domains", 1, "uniqueId"],
      value: `0x1${"0".repeat(16)}`,
    },
    { why: "a handle that is a list", path: ["domains", 1, "config", "handle"], value: [] },
    { why: "a reserved domid", path: ["domains", 1, "domid"], value: 0x7ff0 },
    { why: "a hardware domain that is not there", path: ["hardware"], value: 77 },
    { why: "a handler that is not there", path: ["virqHandlers", 0, 1], value: 77 },
    { why: "a target that is not there", path: ["domains", 3, "target"], value: 77 },
    { why: "a domain that is its own target", path: ["domains", 3, "target"], value: 3 },
    { why: "a channel with one end", path: ["domains", 2, "ports", 0, "remotePort"], value: 9 },
    { why: "a port past the limit", path: ["domains", 2, "ports", 0, "number"], value: 1024 },
    { why: "a pending port that is closed", path: ["domains", 2, "pending"], value: [9] },
    { why: "an event for a closed port", path: ["deliveries"], value: [[2, 9]] },
    { why: "marks while the VIRQ is not bound", path: ["domains", 0, "ports"], value: [] },
    { why: "no marks while it is bound", path: ["changed"], value: null },
    { why: "a mark past the domids", path: ["changed", 0], value: 0x7ff0 },
    { why: "a domain both there and in limbo", path: ["limbo"], value: [2] },
    { why: "a dead domain that nobody holds", path: ["domains", 4, "life"], value: 2 },
    { why: "a handle twice", path: ["mappings", 1, "handle"], value: 1 },
    { why: "a handle still to come", path: ["mappings", 1, "handle"], value: 99 },
    { why: "more vCPUs than configured", path: ["domains", 2, "vcpus"], value: 2 },
    { why: "a page of another size", path: ["mappings", 0, "page"], value: "00" },
    { why: "a pair of three", path: ["virqHandlers", 0], value: [2, 4, 4] },
  ])("$why is refused", ({ path, value }) => {
    const host = createHypervisor();
    expect(() => host.load(withValue(state, path, value))).toThrow(
      expect.objectContaining({ code: "bad-state", message: expect.stringContaining("state") }),
    );
  });

  test.each([null, 5, "state", []])("%j is none at all", (value) => {
    expect(() => createHypervisor().load(value)).toThrow(
      expect.objectContaining({ code: "bad-state" }),
    );
  });
});

type Path = readonly (string | number)[];

/** Where every value of a tree is, inner ones included. */
const placesOf = (value: unknown): Path[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [
        [key],
        ...placesOf(inner).map((path) => [key, ...path]),
      ]);

const withValue = (tree: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value;
  const copy = (Array.isArray(tree) ? [...tree] : { ...(tree as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = withValue(copy[key], rest, value);
  return copy;
};
