import type { BitSet } from "@xenkit/bitmap";
import fc from "fast-check";
import { expect } from "vitest";

/** What a bitmap should do, by the plainest means: a `Set` of the indices. */
export class Model {
  readonly size: number;
  bits: Set<number> = new Set<number>();

  constructor(size: number) {
    this.size = size;
  }

  ascending(): number[] {
    return [...this.bits].sort((a, b) => a - b);
  }

  next(from: number, isSet: "set" | "clear"): number {
    for (let i = from; i < this.size; i += 1) if (this.bits.has(i) === (isSet === "set")) return i;
    return -1;
  }

  take(limit: number): number[] {
    const taken = this.ascending().slice(0, limit);
    for (const index of taken) this.bits.delete(index);
    return taken;
  }
}

/** One operation, with its arguments as fractions of the size: shrinks well for every size. */
export type Step =
  | { readonly op: (typeof POINT)[number]; readonly at: number }
  | { readonly op: "setRange" | "clearRange"; readonly from: number; readonly to: number }
  | { readonly op: "nextSet" | "nextClear"; readonly from: number }
  | { readonly op: "drain"; readonly room: number }
  | { readonly op: "fill" | "clearAll" | "takeLowest" | "copy" | "image" };

const POINT = ["set", "clear", "test", "testAndSet", "testAndClear"] as const;

/** Sizes and indices where words, summary words and top words begin and end, and Xen's own limits. */
export const EDGES: readonly number[] = [
  0, 1, 2, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 32751, 32752, 32767, 32768, 32769,
  65535, 65536, 65537, 66000,
];

/** An index below `end`, the edges more often than the rest. */
export const below = (end: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(...EDGES.filter((edge) => edge < end), end - 1),
    fc.nat({ max: end - 1 }),
  );

export const steps = (size: number): fc.Arbitrary<Step[]> => {
  const index = below(size);
  const bound = below(size + 1);
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ op: fc.constantFrom(...POINT), at: index }) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom("setRange" as const, "clearRange" as const), bound, bound)
        .map(([op, a, b]) => ({ op, from: Math.min(a, b), to: Math.max(a, b) })),
    },
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constantFrom("nextSet" as const, "nextClear"), from: bound }),
    },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("drain" as const), room: fc.nat(80) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constantFrom(
          "takeLowest" as const,
          "takeLowest",
          "fill",
          "clearAll",
          "copy",
          "image",
        ),
      }),
    },
  );
  return fc.array(step, { maxLength: 40, size: "max" });
};

/** Runs a step on both and compares what they answer. @returns The set to go on with. */
export const runStep = (
  set: BitSet,
  model: Model,
  step: Step,
  fromBytes: (size: number, bytes: Uint8Array) => BitSet,
): BitSet => {
  const had = "at" in step && model.bits.has(step.at);
  switch (step.op) {
    case "set":
      model.bits.add(step.at);
      set.set(step.at);
      break;
    case "clear":
      model.bits.delete(step.at);
      set.clear(step.at);
      break;
    case "test":
      expect(set.test(step.at)).toBe(had);
      break;
    case "testAndSet":
      model.bits.add(step.at);
      expect(set.testAndSet(step.at)).toBe(had);
      break;
    case "testAndClear":
      model.bits.delete(step.at);
      expect(set.testAndClear(step.at)).toBe(had);
      break;
    case "setRange":
      for (let i = step.from; i < step.to; i += 1) model.bits.add(i);
      set.setRange(step.from, step.to);
      break;
    case "clearRange":
      for (let i = step.from; i < step.to; i += 1) model.bits.delete(i);
      set.clearRange(step.from, step.to);
      break;
    case "fill":
      for (let i = 0; i < model.size; i += 1) model.bits.add(i);
      set.fill();
      break;
    case "clearAll":
      model.bits.clear();
      set.clearAll();
      break;
    case "nextSet":
      expect(set.nextSet(step.from)).toBe(model.next(step.from, "set"));
      break;
    case "nextClear":
      expect(set.nextClear(step.from)).toBe(model.next(step.from, "clear"));
      break;
    case "takeLowest":
      expect(set.takeLowest()).toBe(model.take(1)[0] ?? -1);
      break;
    case "drain": {
      const into = new Int32Array(step.room).fill(-7);
      const taken = model.take(step.room);
      expect(set.drain(into)).toBe(taken.length);
      expect([...into.subarray(0, taken.length)]).toEqual(taken);
      expect(into.subarray(taken.length).every((value) => value === -7)).toBe(true);
      break;
    }
    case "copy": {
      const copy = set.copy();
      expect(copy.equals(set) && set.equals(copy)).toBe(true);
      set.fill();
      return copy;
    }
    case "image":
      return fromBytes(model.size, set.toBytes());
  }
  return set;
};

/** Compares everything that can be seen of the set with the model. */
export const expectSame = (set: BitSet, model: Model): void => {
  const bits = model.ascending();
  expect(set.size).toBe(model.size);
  expect(set.count).toBe(bits.length);
  expect(Int32Array.from(set)).toEqual(Int32Array.from(bits));
  expect(set.toBytes()).toEqual(imageOf(model));
  expect(set.nextClear(0)).toBe(model.next(0, "clear"));
};

/** Bit i is bit i % 8 of byte i / 8. */
export const imageOf = (model: Model): Uint8Array => {
  const bytes = new Uint8Array(Math.ceil(model.size / 8));
  for (const i of model.bits)
    bytes[Math.floor(i / 8)] = (bytes[Math.floor(i / 8)] ?? 0) | (1 << (i % 8));
  return bytes;
};
