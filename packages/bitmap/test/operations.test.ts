import { AtomicBitmap, type AtomicMemory } from "@xenkit/bitmap";
import { describe, expect, test } from "vitest";

/** Memory that counts what is done to it: plain and atomic reads, and changes. */
const counting = (): { memory: AtomicMemory; operations: () => number } => {
  const cells = new Map<number, number>();
  let operations = 0;
  const change = (cell: number, to: (value: number) => number): number => {
    operations += 1;
    const value = cells.get(cell) ?? 0;
    cells.set(cell, to(value));
    return value;
  };
  const memory: AtomicMemory = {
    buffer: new SharedArrayBuffer(0),
    peek: (cell) => change(cell, (value) => value),
    load: (cell) => change(cell, (value) => value),
    or: (cell, bits) => change(cell, (value) => value | bits),
    and: (cell, bits) => change(cell, (value) => value & bits),
    add: (cell, difference) => change(cell, (value) => (value + difference) | 0),
  };
  const since = (): number => {
    const now = operations;
    operations = 0;
    return now;
  };
  return { memory, operations: since };
};

const SIZES = [64, 1024, 32751, 32768];

describe("the work of an AtomicBitmap, in memory operations", () => {
  test.each(SIZES)("of %i bits: marking, taking, finding and counting are bounded", (size) => {
    const { memory, operations } = counting();
    const bitmap = new AtomicBitmap(size, memory);
    for (const index of [size - 1, 0, size >>> 1]) {
      bitmap.set(index);
      expect(operations()).toBeLessThanOrEqual(6);
      expect(bitmap.nextSet(0)).toBe(index);
      expect(operations()).toBeLessThanOrEqual(8);
      expect(bitmap.count).toBe(1);
      expect(operations()).toBe(1);
      expect(bitmap.takeLowest()).toBe(index);
      expect(operations()).toBeLessThanOrEqual(9);
      expect(bitmap.takeLowest()).toBe(-1);
      expect(operations()).toBe(2);
    }
  });

  test.each(SIZES)("of %i bits: a batch costs by what it takes, not by the size", (size) => {
    const { memory, operations } = counting();
    const bitmap = new AtomicBitmap(size, memory);
    for (const index of [0, 1, 40, size - 1]) bitmap.set(index);
    operations();
    expect(bitmap.drain(new Int32Array(size))).toBe(4);
    expect(operations()).toBeLessThanOrEqual(40);
    bitmap.clearAll();
    expect(operations()).toBeLessThanOrEqual(8);
  });
});
