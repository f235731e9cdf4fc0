import {
  ACCESS,
  atoi,
  binary,
  bytesOf,
  countStrings,
  formatPermission,
  joinStrings,
  oneString,
  parseAnyBase,
  parseDomid,
  parsePermission,
  stringAndRest,
  strings,
} from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("binary strings", () => {
  test("lose no byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: "max" }), (bytes) => {
        expect(bytesOf(binary(bytes))).toEqual(bytes);
      }),
    );
  });

  test("stand for bytes only", () => {
    expect(() => bytesOf("a€")).toThrow(
      expect.objectContaining({ code: "not-bytes", details: { index: 1, unit: 0x20ac } }),
    );
  });
});

describe("a payload of one string", () => {
  test.each([
    { payload: "/a\0", text: "/a" },
    { payload: "\0", text: "" },
    { payload: "", text: undefined },
    { payload: "/a", text: undefined },
    { payload: "/a\0b\0", text: undefined },
    { payload: "/a\0b", text: undefined },
    { payload: "\0\0", text: undefined },
  ])("$payload is $text", ({ payload, text }) => {
    expect(oneString(bytesOf(payload))).toBe(text);
  });
});

describe("a payload of strings", () => {
  test.each([
    { payload: "", list: [] },
    { payload: "nodes", list: [] },
    { payload: "\0", list: [""] },
    { payload: "a\0b\0", list: ["a", "b"] },
    { payload: "a\0\0b\0junk", list: ["a", "", "b"] },
  ])("$payload is $list", ({ payload, list }) => {
    expect(strings(bytesOf(payload))).toEqual(list);
    expect(countStrings(bytesOf(payload))).toBe(list.length);
  });

  test("is written as it is read", () => {
    const text = fc.uint8Array({ min: 1, maxLength: 20 }).map((bytes) => binary(bytes));
    fc.assert(
      fc.property(fc.array(text), (list) => {
        expect(strings(bytesOf(joinStrings(list)))).toEqual(list);
      }),
    );
  });
});

describe("a payload of a string and bytes", () => {
  test("ends the string at the first NUL and keeps the rest as it is", () => {
    expect(stringAndRest(bytesOf("/a\0\0b\0"))).toEqual({ text: "/a", rest: bytesOf("\0b\0") });
    expect(stringAndRest(bytesOf("/a\0"))).toEqual({ text: "/a", rest: bytesOf("") });
    expect(stringAndRest(bytesOf("/a"))).toBeUndefined();
  });
});

describe("a domid argument", () => {
  test.each([
    ["", 0],
    ["0", 0],
    ["-0", 0],
    ["007", 7],
    [" \t\n7", 7],
    ["+7", 7],
    ["65535", 65535],
    ["65536", undefined],
    ["7 ", undefined],
    ["-1", undefined],
    ["0x7", undefined],
    [" ", undefined],
    ["+", undefined],
    ["--1", undefined],
    ["18446744073709551616", undefined],
    ["-18446744073709551615", 1],
    ["9".repeat(4000), undefined],
  ])("%j is %j", (text, domid) => {
    expect(parseDomid(text)).toBe(domid);
  });
});

describe("atoi", () => {
  test.each([
    ["", 0],
    ["junk", 0],
    ["12junk", 12],
    [" -3", -3],
    ["+3", 3],
    ["4294967297", 1],
    ["2147483648", -2147483648],
    ["9223372036854775808", -1],
    ["-9223372036854775809", 0],
    ["0x10", 0],
  ])("%j is %j", (text, value) => {
    expect(atoi(text)).toBe(value);
  });

  test("reads every i32", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(atoi(`${value}`)).toBe(value);
      }),
    );
  });
});

describe("a permission", () => {
  test.each([
    ["n0", "n0"],
    ["r0x10", "r16"],
    ["w010", "w8"],
    ["b 5", "b5"],
    ["n+5", "n5"],
    ["n-1", "n-1"],
    ["r4294967295", "r-1"],
    ["r65536", "r65536"],
    ["r4294967296", "r0"],
    ["n", undefined],
    ["5", undefined],
    ["x0", undefined],
    ["N0", undefined],
    ["n0 ", undefined],
    ["n0x", undefined],
    ["n08", undefined],
    ["", undefined],
    ["nn0", undefined],
  ])("%j is %j", (text, shown) => {
    const permission = parsePermission(text);
    expect(permission && formatPermission(permission)).toBe(shown);
  });

  test("is a letter for each set of access bits", () => {
    const letters = Object.values(ACCESS).map((access) => formatPermission({ access, domid: 1 }));
    expect(letters).toEqual(["n1", "r1", "w1", "b1"]);
  });

  test("is read as it is written", () => {
    fc.assert(
      fc.property(fc.nat({ max: 3 }), fc.nat({ max: 0xffff_ffff }), (access, domid) => {
        expect(parsePermission(formatPermission({ access, domid }))).toEqual({ access, domid });
      }),
    );
  });

  test("has a number in C's notation", () => {
    expect(parseAnyBase("0xff")).toBe(255);
    expect(parseAnyBase("077")).toBe(63);
    expect(parseAnyBase("0")).toBe(0);
    expect(parseAnyBase("0xg")).toBeUndefined();
  });
});
