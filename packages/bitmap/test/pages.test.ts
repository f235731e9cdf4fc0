import { describe, expect, test } from "vitest";
import { KINDS } from "./support/kinds.ts";

const PAGE = 32_768;

describe.each(KINDS)("$name, of one page and of several", ({ make }) => {
  test("finds the last bit of a page from the end of the page before", () => {
    const set = make(3 * 32_768);
    set.set(2 * 32_768 - 1);
    expect([set.nextSet(32_767), set.takeLowest(), set.takeLowest()]).toEqual([65_535, 65_535, -1]);
  });

  test("finds among 16,777,216 bits", () => {
    const set = make(2 ** 24);
    for (const index of [2 ** 24 - 1, 40000, 2 ** 20]) set.set(index);
    expect([...set]).toEqual([40000, 2 ** 20, 2 ** 24 - 1]);
    expect([set.takeLowest(), set.takeLowest(), set.takeLowest(), set.takeLowest()]).toEqual([
      40000,
      2 ** 20,
      2 ** 24 - 1,
      -1,
    ]);
  });

  test("marks a bit of any page once, however often it is set or cleared", () => {
    const set = make(3 * PAGE);
    for (const index of [5, PAGE + 5, 3 * PAGE - 1]) {
      expect([set.testAndSet(index), set.testAndSet(index), set.count]).toEqual([false, true, 1]);
      expect([set.testAndClear(index), set.testAndClear(index), set.count]).toEqual([
        true,
        false,
        0,
      ]);
    }
  });

  test("differs when a single page does, whichever it is", () => {
    const set = make(2 * PAGE);
    set.set(7);
    set.set(PAGE + 7);
    for (const [from, to] of [
      [7, 8],
      [PAGE + 7, PAGE + 8],
    ] as const) {
      const other = set.copy();
      other.clear(from);
      other.set(to);
      expect([other.count, set.equals(other)]).toEqual([2, false]);
    }
  });

  test("takes what is set after a drain, and no more", () => {
    const set = make(PAGE);
    set.fill();
    expect(set.drain(new Int32Array(PAGE))).toBe(PAGE);
    for (const index of [1023, 20_000, PAGE - 1]) {
      set.set(index);
      expect([set.takeLowest(), set.takeLowest()]).toEqual([index, -1]);
    }
  });

  test("finds the clear bits behind full words after all were cleared", () => {
    const set = make(PAGE);
    set.fill();
    set.clearAll();
    set.setRange(0, 2048);
    expect([set.nextClear(0), set.nextClear(2047)]).toEqual([2048, 2048]);
    for (const first of [2048, 2080, 31_744]) {
      for (let index = first; index < first + 32; index += 1) set.set(index);
    }
    expect([set.nextClear(0), set.nextClear(31_744)]).toEqual([2112, 31_776]);
  });

  test.each([33, 1025, 32_737])("of %i bits: has the last one clear after all were", (bits) => {
    const set = make(bits);
    set.fill();
    set.clearAll();
    for (let index = 0; index < bits - 1; index += 1) set.set(index);
    expect(set.nextClear(0)).toBe(bits - 1);
  });

  test.each([64, 1024, 1056, 2048])(
    "finds the clear bit %i behind words that are full again, when it was taken from a full one",
    (index) => {
      const set = make(PAGE);
      set.fill();
      while (set.takeLowest() < index);
      set.setRange(0, index);
      expect([set.nextClear(0), set.nextClear(index + 1)]).toEqual([index, -1]);
    },
  );
});
