import { ACCESS } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NodeTable } from "../src/node-table.ts";
import type { Perms } from "../src/perms.ts";
import { StoreNode } from "../src/store-node.ts";
import { NO_VALUE } from "../src/value.ts";
import { TestHost } from "./client.ts";

const PERMS: Perms = [{ access: ACCESS.none, domid: 0, grantee: undefined }];

test("nodes that come and go are found as a Map finds them", () => {
  const step = fc.record({ add: fc.boolean(), path: fc.nat({ max: 300 }).map((n) => `/${n}`) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000, size: "max" }), (steps) => {
      const [model, table] = [new Map<string, StoreNode>(), new NodeTable()];
      for (const { add, path } of steps) {
        const known = model.get(path);
        if (add && known === undefined) {
          const node = new StoreNode(path, undefined, NO_VALUE, PERMS, 1);
          model.set(path, node);
          table.add(node);
        } else if (!add && known !== undefined) {
          model.delete(path);
          table.remove(known);
          table.sweep();
        }
        expect(table.size).toBe(model.size);
      }
      for (let path = 0; path <= 300; path += 1) {
        expect(table.get(`/${path}`)).toBe(model.get(`/${path}`));
      }
    }),
    { numRuns: 30 },
  );
});

test("a tree is gone as a whole, and can be made anew", () => {
  const { dom0, daemon } = new TestHost();
  const before = daemon.counts.nodes;
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 500; index += 1) {
      dom0.ask("write", `/t/${index % 7}/${index}\0${round}`);
    }
    expect(dom0.ask("read", "/t/3/325\0")).toBe(`${round}`);
    dom0.ask("rm", "/t\0");
    expect(daemon.counts.nodes).toBe(before);
    for (const path of ["/t", "/t/3", "/t/3/325"]) {
      expect(dom0.ask("read", `${path}\0`)).toBe("ENOENT");
    }
  }
});

test("paths whose bytes have the same hash are different paths", () => {
  const { dom0 } = new TestHost();
  // Of 31 × hash + byte: "Aa" and "BB", and whatever is made of them.
  const paths = ["Aa", "BB"].flatMap((a) => ["Aa", "BB"].map((b) => `/${a}${b}`));
  for (const path of paths) dom0.ask("write", `${path}\0${path}`);
  for (const path of [...paths, ...paths]) expect(dom0.ask("read", `${path}\0`)).toBe(path);
});

test("a path longer than any that is kept is found by its bytes, too", () => {
  const { dom0 } = new TestHost();
  const long = `/${"x".repeat(255)}`;
  for (const path of [long, `${long}x`, `${long}y`]) {
    expect(dom0.ask("write", `${path}\0${path.length}`)).toBe("OK\0");
    expect(dom0.ask("read", `${path}\0`)).toBe(`${path.length}`);
  }
});
