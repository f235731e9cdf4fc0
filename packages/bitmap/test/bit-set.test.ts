import { type BitSet, isBitmapError } from "@xenkit/bitmap";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KINDS } from "./support/kinds.ts";
import {
  below,
  EDGES,
  expectSame,
  imageOf,
  Model,
  runStep,
  type Step,
  steps,
} from "./support/model.ts";

const SIZES = EDGES.filter((edge) => edge > 0);
const size = fc.oneof(fc.constantFrom(...SIZES), fc.integer({ min: 1, max: 100 }));

const codeOf = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return isBitmapError(error) ? error.code : error;
  }
  return "no error";
};

describe.each(KINDS)("$name", ({ make, fromBytes }) => {
  test("does what a set of integers does, in any order of operations", () => {
    const runs = size.chain((bits) => fc.tuple(fc.constant(bits), steps(bits)));
    fc.assert(
      fc.property(runs, ([bits, sequence]) => {
        const model = new Model(bits);
        let set = make(bits);
        for (const step of sequence) set = runStep(set, model, step, fromBytes);
        expectSame(set, model);
      }),
      { numRuns: 300 },
    );
  });

  test("gives every bit back in ascending order, one by one and in batches of any length", () => {
    fc.assert(
      fc.property(
        size.chain((bits) => fc.tuple(fc.constant(bits), fc.array(below(bits)), fc.nat(70))),
        ([bits, indices, room]) => {
          const model = new Model(bits);
          const single = make(bits);
          for (const index of indices) {
            single.set(index);
            model.bits.add(index);
          }
          const batch = single.copy();
          const expected = model.ascending();
          expect(expected.map(() => single.takeLowest())).toEqual(expected);
          expect(single.takeLowest()).toBe(-1);
          const into = new Int32Array(room + 1);
          const taken: number[] = [];
          for (let n = batch.drain(into); n > 0; n = batch.drain(into)) {
            taken.push(...into.subarray(0, n));
          }
          expect(taken).toEqual(expected);
          expect([single.count, batch.count]).toEqual([0, 0]);
        },
      ),
    );
  });

  test.each(SIZES)("of %i bits: holds exactly that many and not one past the end", (bits) => {
    const set = make(bits);
    set.fill();
    expect(set.count).toBe(bits);
    expect(set.nextClear(0)).toBe(-1);
    expect(set.nextSet(bits - 1)).toBe(bits - 1);
    expect(set.nextSet(bits)).toBe(-1);
    expect(set.nextClear(bits)).toBe(-1);
    const image = set.toBytes();
    expect(image.length).toBe(Math.ceil(bits / 8));
    expect(image[image.length - 1]).toBe(bits % 8 === 0 ? 0xff : 2 ** (bits % 8) - 1);
    const into = new Int32Array(bits + 40);
    expect(set.drain(into)).toBe(bits);
    expect(into.subarray(0, bits)).toEqual(Int32Array.from({ length: bits }, (_, i) => i));
    expect(set.drain(into)).toBe(0);
    expect(set.nextClear(bits - 1)).toBe(bits - 1);
    expect(set.nextSet(0)).toBe(-1);
  });

  test.each(SIZES)(
    "of %i bits: finds each edge alone, set among clear and clear among set",
    (bits) => {
      for (const edge of EDGES.filter((index) => index < bits)) {
        const set = make(bits);
        set.set(edge);
        expect([set.nextSet(0), set.nextSet(edge), set.takeLowest(), set.takeLowest()]).toEqual([
          edge,
          edge,
          edge,
          -1,
        ]);
        set.fill();
        expect(set.testAndClear(edge)).toBe(true);
        expect([set.nextClear(0), set.nextClear(edge), set.count]).toEqual([edge, edge, bits - 1]);
        expect(set.nextClear(edge + 1)).toBe(-1);
      }
    },
  );

  test("sets and clears ranges between any two edges, the empty and the full one among them", () => {
    const bits = 2100;
    const edges = [...EDGES.filter((edge) => edge < bits), bits];
    for (const from of edges) {
      for (const to of edges.filter((edge) => edge >= from)) {
        const set = make(bits);
        set.setRange(from, to);
        expect([set.count, set.nextSet(0)]).toEqual([to - from, from < to ? from : -1]);
        expect(set.nextClear(from)).toBe(to < bits ? to : -1);
        set.fill();
        set.clearRange(from, to);
        expect([set.count, set.nextClear(0)]).toEqual([bits - (to - from), from < to ? from : -1]);
        expect(set.nextSet(from)).toBe(to < bits ? to : -1);
      }
    }
  });

  // Full words and bits on both sides of them, some taken.
  test("does any other operation rightly in the middle of taking a full word", () => {
    const indices = [0, 31, 32, 33, 63, 64, 95, 96, 2000];
    const bounds = [0, 32, 40, 64, 96, 2100];
    const ops = ["set", "clear", "test", "testAndSet", "testAndClear"] as const;
    const second: Step[] = [
      ...ops.flatMap((op) => indices.map((at) => ({ op, at }))),
      ...(["setRange", "clearRange"] as const).flatMap((op) =>
        bounds.flatMap((from) => bounds.filter((to) => to >= from).map((to) => ({ op, from, to }))),
      ),
      ...(["nextSet", "nextClear"] as const).flatMap((op) => bounds.map((from) => ({ op, from }))),
      ...[0, 1, 31, 80].map((room) => ({ op: "drain" as const, room })),
      ...(["fill", "clearAll", "takeLowest", "copy", "image"] as const).map((op) => ({ op })),
    ];
    for (const step of second) {
      for (const taken of [1, 5, 31, 32, 33]) {
        const model = new Model(2100);
        let set = make(2100);
        const run = (next: Step): void => {
          set = runStep(set, model, next, fromBytes);
        };
        run({ op: "setRange", from: 32, to: 96 });
        run({ op: "set", at: 2000 });
        for (let n = 0; n < taken; n += 1) run({ op: "takeLowest" });
        run(step);
        for (let n = 0; n < 40; n += 1) run({ op: "takeLowest" });
        expectSame(set, model);
      }
    }
  });

  test("has the image of Xen's page: bit i is bit i % 8 of byte i / 8", () => {
    const set = make(32768);
    for (const index of [0, 9, 31, 32, 32767]) set.set(index);
    const page = set.toBytes();
    expect(page.length).toBe(4096);
    expect([...page.subarray(0, 5), page[4095]]).toEqual([0x01, 0x02, 0, 0x80, 0x01, 0x80]);
  });

  test("comes back from its image, whatever the bits", () => {
    const images = size.chain((bits) => fc.tuple(fc.constant(bits), fc.array(below(bits))));
    fc.assert(
      fc.property(images, ([bits, indices]) => {
        const model = new Model(bits);
        for (const index of indices) model.bits.add(index);
        const bytes = imageOf(model);
        const set = fromBytes(bits, bytes);
        expectSame(set, model);
        expect(set.toBytes()).toEqual(bytes);
      }),
    );
  });

  test("refuses an image of another length, or with a bit past the end", () => {
    expect(codeOf(() => fromBytes(20, new Uint8Array(2)))).toBe("wrong-size");
    expect(codeOf(() => fromBytes(20, new Uint8Array(4)))).toBe("wrong-size");
    expect(fromBytes(20, Uint8Array.of(0, 0, 0x08)).takeLowest()).toBe(19);
    expect(() => fromBytes(20, Uint8Array.of(0, 0, 0xf0))).toThrow(
      expect.objectContaining({ code: "stray-bit", details: { bit: 20, size: 20 } }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 24 + 1, 2 ** 32 + 1, Number.POSITIVE_INFINITY])(
    "has no size %d",
    (bad) => {
      expect(codeOf(() => make(bad))).toBe("bad-size");
      expect(codeOf(() => fromBytes(bad, new Uint8Array(1)))).toBe("bad-size");
    },
  );

  test.each([-1, 40, 41, 0.5, Number.NaN, 2 ** 32, -(2 ** 32), Number.POSITIVE_INFINITY])(
    "refuses index %d of 40 bits and changes nothing",
    (bad) => {
      const set = make(40);
      set.set(39);
      for (const op of ["set", "clear", "test", "testAndSet", "testAndClear"] as const) {
        expect(codeOf(() => set[op](bad))).toBe("out-of-range");
      }
      if (bad !== 40) {
        for (const op of ["nextSet", "nextClear"] as const) {
          expect(codeOf(() => set[op](bad))).toBe("out-of-range");
        }
        for (const op of ["setRange", "clearRange"] as const) {
          expect(codeOf(() => set[op](bad, 40))).toBe("out-of-range");
          expect(codeOf(() => set[op](0, bad))).toBe("out-of-range");
        }
      }
      expect([...set]).toEqual([39]);
    },
  );

  test("refuses a range that ends before it begins", () => {
    const set = make(40);
    expect(codeOf(() => set.setRange(9, 8))).toBe("out-of-range");
    expect(codeOf(() => set.clearRange(9, 8))).toBe("out-of-range");
    expect(set.count).toBe(0);
  });

  test("equals a set of the same size and bits only, and its copy lives alone", () => {
    const set = make(100);
    set.set(70);
    const copy = set.copy();
    expect(set.equals(copy)).toBe(true);
    copy.set(99);
    expect([set.equals(copy), copy.equals(set), set.test(99)]).toEqual([false, false, false]);
    set.set(98);
    expect([set.equals(copy), copy.equals(set)]).toEqual([false, false]);
    const longer = make(101);
    longer.set(70);
    longer.set(98);
    expect([set.equals(longer), longer.equals(set)]).toEqual([false, false]);
  });

  test.each([1, 32, 40, 33_000])("of %i bits: is empty when all are cleared", (bits) => {
    const set = make(bits);
    set.fill();
    set.clearAll();
    expect([set.count, set.nextSet(0), set.nextClear(0)]).toEqual([0, -1, 0]);
  });

  test.each([100, 70_000])(
    "of %i bits: passes a word that is filled bit by bit, and no other",
    (bits) => {
      const set = make(bits);
      for (let index = 0; index < 64; index += 1) {
        expect(set.nextClear(0)).toBe(index);
        set.set(index);
      }
      expect(set.nextClear(0)).toBe(64);
      set.clear(40);
      expect([set.nextClear(0), set.nextClear(32), set.nextClear(41)]).toEqual([40, 40, 64]);
      set.set(40);
      expect([set.takeLowest(), set.nextClear(0), set.nextClear(1)]).toEqual([0, 0, 64]);
      expect([set.takeLowest(), set.nextClear(0), set.nextClear(2)]).toEqual([1, 0, 64]);
      while (set.takeLowest() < 32);
      set.setRange(0, 32);
      expect(set.nextClear(0)).toBe(32);
    },
  );

  test.each([2, 33, 1025, 65_536, 65_537])(
    "of %i bits: finds the one that is unlike all others",
    (bits) => {
      const set = make(bits);
      set.setRange(0, bits - 1);
      expect([set.nextClear(0), set.count]).toEqual([bits - 1, bits - 1]);
      set.fill();
      expect(set.takeLowest()).toBe(0);
      set.clearRange(0, bits - 1);
      expect([set.nextSet(0), set.count]).toEqual([bits - 1, 1]);
      expect([set.takeLowest(), set.takeLowest()]).toEqual([bits - 1, -1]);
    },
  );

  test("is iterated by what can be iterated itself, and which stays at its end", () => {
    const set = make(40);
    set.set(0);
    set.set(39);
    const bits = set[Symbol.iterator]();
    expect([...bits]).toEqual([0, 39]);
    set.set(1);
    expect([bits.next(), bits.next()]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test("lets a loop see what changes ahead of it", () => {
    const set = make(100);
    set.setRange(0, 4);
    const seen: number[] = [];
    for (const index of set) {
      seen.push(index);
      if (index === 1) set.clear(2);
      if (index === 3) set.set(90);
    }
    expect(seen).toEqual([0, 1, 3, 90]);
  });

  test("equals any other set of the same size and bits, of whatever kind", () => {
    const set = make(70);
    set.set(3);
    set.set(69);
    const others = KINDS.map((kind) => {
      const other = kind.make(70);
      other.setRange(3, 4);
      other.setRange(69, 70);
      return other;
    });
    for (const other of others)
      expect([set.equals(other), other.equals(set)]).toEqual([true, true]);
    for (const other of others) {
      other.set(68);
      expect([set.equals(other), other.equals(set)]).toEqual([false, false]);
      other.clear(68);
      other.clear(69);
      expect([set.equals(other), other.equals(set)]).toEqual([false, false]);
    }
    for (const { make: another } of KINDS) expect(set.equals(another(71))).toBe(false);
  });

  test.each<[string, (set: BitSet) => void]>([
    ["a drain of all", (set) => set.drain(new Int32Array(set.size))],
    ["a drain of some", (set) => set.drain(new Int32Array(40))],
    ["taking one by one", (set) => Array.from({ length: 40 }, () => set.takeLowest())],
    ["clearing one", (set) => set.clear(39)],
    ["clearing a range", (set) => set.clearRange(20, 40)],
    ["clearing all", (set) => set.clearAll()],
  ])("finds a clear bit in a word that was full before %s", (_, change) => {
    const set = make(100);
    set.fill();
    change(set);
    const clear = Array.from({ length: 68 }, (__, at) => at + 32).find((index) => !set.test(index));
    // The word before is full, so the search has to find the next one that is not.
    set.setRange(0, 32);
    expect(set.nextClear(0)).toBe(clear);
  });

  test("knows nothing any more of a word whose only bit was in a range that was cleared", () => {
    for (let bit = 0; bit < 32; bit += 1) {
      const set = make(100);
      set.set(bit);
      set.set(70);
      set.clearRange(bit, bit + 1);
      expect([set.takeLowest(), set.takeLowest()]).toEqual([70, -1]);
    }
  });

  test("differs from another kind of set in the first bit as in any other", () => {
    const bits = [[], [0], [0, 5], [0, 6], [1]];
    for (const [at, mine] of bits.entries()) {
      const set = make(40);
      for (const bit of mine) set.set(bit);
      for (const { make: another } of KINDS) {
        const equal = bits.map((theirs) => {
          const other = another(40);
          for (const bit of theirs) other.set(bit);
          return set.equals(other);
        });
        expect(equal).toEqual(bits.map((_, index) => index === at));
      }
    }
  });

  test.each([1, 9, 31, 33, 63])("refuses the bit past its end in an image of %i bits", (bits) => {
    const bytes = new Uint8Array(Math.ceil(bits / 8));
    bytes[bits >>> 3] = 1 << (bits & 7);
    expect(() => fromBytes(bits, bytes)).toThrow(
      expect.objectContaining({ code: "stray-bit", details: { bit: bits, size: bits } }),
    );
  });
});
