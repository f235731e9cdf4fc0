import { joinStrings } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ChurnMap } from "../src/churn-map.ts";
import { TestHost } from "./client.ts";

test("a map whose keys come and go answers as a Map does", () => {
  const step = fc.record({ add: fc.boolean(), key: fc.nat({ max: 300 }).map(String) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000, size: "max" }), (steps) => {
      const [model, map] = [new Map<string, object>(), new ChurnMap<object>()];
      for (const { add, key } of steps) {
        const value = {};
        if (add) {
          model.set(key, value);
          map.set(key, value);
        } else expect(map.delete(key)).toBe(model.delete(key));
        expect(map.size).toBe(model.size);
      }
      for (let key = 0; key <= 300; key += 1) {
        expect(map.get(`${key}`)).toBe(model.get(`${key}`));
        expect(map.has(`${key}`)).toBe(model.has(`${key}`));
      }
    }),
    { numRuns: 30 },
  );
});

test("a node and a watch that come and go many times leave nothing", () => {
  const host = new TestHost();
  const before = host.daemon.counts.nodes;
  for (let round = 0; round < 3000; round += 1) {
    host.dom0.ask("mkdir", `/a/${round}\0`);
    host.dom0.ask("watch", joinStrings([`/a/${round}`, "t"]));
    host.dom0.ask("unwatch", joinStrings([`/a/${round}`, "t"]));
    host.dom0.ask("rm", "/a\0");
  }
  host.dom0.takeEvents();
  expect(host.daemon.counts.nodes).toBe(before);
  host.dom0.ask("mkdir", "/a/7\0");
  expect(host.dom0.takeEvents()).toEqual([]);
});
