import { AtomicBitmap } from "@xenkit/bitmap";
import { expect, test } from "vitest";

test("shows a second AtomicBitmap over the same buffer the same bits", () => {
  const one = new AtomicBitmap(100);
  const other = new AtomicBitmap(100, one.buffer);
  one.set(99);
  expect([other.count, other.takeLowest(), one.count]).toEqual([1, 99, 0]);
  expect(one.buffer.byteLength).toBe(AtomicBitmap.byteLength(100));
});

test("refuses a buffer of another length, or one that holds another size", () => {
  const { buffer } = new AtomicBitmap(100);
  expect(() => new AtomicBitmap(200, buffer)).toThrow(
    "AtomicBitmap: wrong-size (expected 100, actual 88)",
  );
  expect(() => new AtomicBitmap(101, buffer)).toThrow(
    "AtomicBitmap: wrong-bitmap (expected 101, actual 100)",
  );
  expect(() => new AtomicBitmap(100, new SharedArrayBuffer(4))).toThrow("wrong-size");
});

test.each([
  { size: 1, bytes: 76 },
  { size: 32, bytes: 76 },
  { size: 33, bytes: 80 },
  { size: 32_768, bytes: 4 * (16 + 1 + 32 + 1024) },
  { size: 32_769, bytes: 4 * (16 + 2 + 33 + 1025) },
])("a buffer for $size bits has $bytes bytes", ({ size, bytes }) => {
  expect(AtomicBitmap.byteLength(size)).toBe(bytes);
  expect(new AtomicBitmap(size).buffer.byteLength).toBe(bytes);
});

test("there is no buffer for no bits", () => {
  expect(() => AtomicBitmap.byteLength(0)).toThrow("AtomicBitmap.byteLength: bad-size (size 0");
});
