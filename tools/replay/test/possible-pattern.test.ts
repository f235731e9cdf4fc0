import { isPossiblePattern, nextUniqueId, previousUniqueId, stepsBetween } from "@xenkit/replay";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("a pattern of states", () => {
  test.each([
    { states: [0], why: "all marks merged" },
    { states: [1, 3, 0xb, 0], why: "one entry a mark" },
    { states: [1, 3, 0, 0], why: "the mark of the death read after the domain was unlinked" },
    { states: [3, 3, 0, 0], why: "the creation's mark read with the state of the shutdown" },
    { states: [0xd, 0, 0], why: "DYING and DEAD from two reads" },
    { states: [5, 9, 0], why: "the creation's mark read while dying" },
  ])("$states is possible: $why", ({ states }) => {
    expect(isPossiblePattern(states)).toBe(true);
  });

  test.each([
    { states: [], why: "the last mark is always taken" },
    { states: [1], why: "the end is not told" },
    { states: [0, 1, 0], why: "life after the end" },
    { states: [3, 1, 0], why: "a resume that nobody made" },
    { states: [9, 5, 0], why: "dying after dead" },
    { states: [1, 1, 0, 0], why: "two entries for the one mark of the creation" },
    { states: [0, 0, 0], why: "one destroy has two marks, and the creation's comes before" },
    { states: [2, 0], why: "no EXIST" },
    { states: [1, 3, 0xb, 0, 0], why: "more entries than marks" },
  ])("$states is not: $why", ({ states }) => {
    expect(isPossiblePattern(states)).toBe(false);
  });
});

describe("the chain of unique ids", () => {
  test("goes back as it went forth", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (id) => {
        expect(previousUniqueId(nextUniqueId(id))).toBe(id);
        expect(nextUniqueId(id)).not.toBe(0n);
      }),
    );
  });

  test("has the two ids that real Xen gave to dom0 and its first domain", () => {
    expect(nextUniqueId(0x08cf466dc2173189n)).toBe(0x16640f0fc13a5daan);
    expect(stepsBetween(0x08cf466dc2173189n, 0x6f274bf2dcb80391n, 5)).toBe(2);
    expect(stepsBetween(0x08cf466dc2173189n, 0x6f274bf2dcb80391n, 1)).toBeUndefined();
  });
});
