import { BitmapError, isBitmapError } from "@xenkit/bitmap";
import { describe, expect, test } from "vitest";
import { KINDS, type Kind } from "./support/kinds.ts";

describe("BitmapError", () => {
  test.each<[string, (kind: Kind) => unknown]>([
    [
      "test: out-of-range (argument index, value 40, min 0, max 39)",
      ({ make }) => make(40).test(40),
    ],
    ["set: out-of-range (argument index, value -1, min 0, max 39)", ({ make }) => make(40).set(-1)],
    [
      "set: out-of-range (argument index, value 0.5, min 0, max 39)",
      ({ make }) => make(40).testAndSet(0.5),
    ],
    [
      "clear: out-of-range (argument index, value 41, min 0, max 39)",
      ({ make }) => make(40).clear(41),
    ],
    [
      "clear: out-of-range (argument index, value 41, min 0, max 39)",
      ({ make }) => make(40).testAndClear(41),
    ],
    [
      "nextSet: out-of-range (argument from, value 41, min 0, max 40)",
      ({ make }) => make(40).nextSet(41),
    ],
    [
      "nextClear: out-of-range (argument from, value 41, min 0, max 40)",
      ({ make }) => make(40).nextClear(41),
    ],
    [
      "setRange: out-of-range (argument from, value 41, min 0, max 40)",
      ({ make }) => make(40).setRange(41, 42),
    ],
    [
      "setRange: out-of-range (argument to, value 41, min 3, max 40)",
      ({ make }) => make(40).setRange(3, 41),
    ],
    [
      "clearRange: out-of-range (argument from, value 41, min 0, max 40)",
      ({ make }) => make(40).clearRange(41, 42),
    ],
    [
      "clearRange: out-of-range (argument to, value 2, min 3, max 40)",
      ({ make }) => make(40).clearRange(3, 2),
    ],
    ["NAME: bad-size (size 0, max 16777216)", ({ make }) => make(0)],
    [
      "NAME.fromBytes: wrong-size (expected 3, actual 2)",
      ({ fromBytes }) => fromBytes(20, new Uint8Array(2)),
    ],
    [
      "NAME.fromBytes: stray-bit (bit 38, size 37)",
      ({ fromBytes }) => fromBytes(37, Uint8Array.of(255, 255, 255, 255, 0xc0)),
    ],
  ])("%s", (message, act) => {
    for (const kind of KINDS) {
      expect(() => act(kind)).toThrow(
        expect.objectContaining({
          name: "BitmapError",
          message: message.replace("NAME", kind.name),
        }),
      );
    }
  });

  test("says where, what and by how much", () => {
    const error = new BitmapError("set", "out-of-range", {
      argument: "index",
      value: 9,
      min: 0,
      max: 7,
    });
    expect(error.message).toBe("set: out-of-range (argument index, value 9, min 0, max 7)");
    expect(isBitmapError(error)).toBe(true);
    expect(isBitmapError(error, "out-of-range")).toBe(true);
    expect(isBitmapError(error, "bad-size")).toBe(false);
    expect(isBitmapError(new Error("other"))).toBe(false);
  });
});
