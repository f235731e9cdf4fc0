import {
  canonicalPath,
  childPath,
  countedPathLength,
  leafName,
  parentPath,
  RING_PAGE,
  RING_SIZE,
  ringFill,
} from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const name = fc.stringMatching(/^[A-Za-z0-9_@-]{1,8}$/).filter((text) => !text.startsWith("@"));
const path = fc.array(name, { maxLength: 5 }).map((names) => `/${names.join("/")}`);

describe("a path", () => {
  test.each([
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["a/b", "/local/domain/5/a/b"],
    ["a@b", "/local/domain/5/a@b"],
    ["@releaseDomain", "@releaseDomain"],
    ["@", "@"],
    ["", undefined],
    ["//", undefined],
    ["/a//b", undefined],
    ["/a/", undefined],
    ["a/", undefined],
    ["/a b", undefined],
    ["/a.b", undefined],
    ["/ä", undefined],
    ["/a\0b", undefined],
    ["/a\u{141}", undefined],
  ])("%j is %j for domain 5", (given, canonical) => {
    expect(canonicalPath(given, 5)).toBe(canonical);
  });

  test("xsa-481: /local/domain/ is none", () => {
    expect(canonicalPath("/local/domain/", 5)).toBeUndefined();
  });

  test("that is canonical stays as it is", () => {
    fc.assert(
      fc.property(path, (canonical) => {
        expect(canonicalPath(canonical, 5)).toBe(canonical);
      }),
    );
  });

  test("is its parent's child", () => {
    fc.assert(
      fc.property(path, name, (parent, leaf) => {
        const child = childPath(parent, leaf);
        expect(parentPath(child)).toBe(parent);
        expect(leafName(child)).toBe(leaf);
      }),
    );
    expect(parentPath("/")).toBeUndefined();
    expect(parentPath("@releaseDomain")).toBe("/");
  });

  test.each([
    ["/local/domain/5/abc", 3],
    ["/local/domain/65535/abc", 3],
    ["/local/domain/655350/abc", 24],
    ["/local/domain/5", 15],
    ["/local/domain/x/abc", 19],
    ["/abc", 4],
    ["@abc", 4],
  ])("xsa-323: %s counts %i bytes, however it was spelled", (canonical, length) => {
    expect(countedPathLength(canonical)).toBe(length);
  });
});

describe("a ring", () => {
  test.each([
    [0, 0, 0],
    [1024, 0, 1024],
    [1025, 0, undefined],
    [0, 1, undefined],
    [5, 0xffff_fffb, 10],
    [0x8000_0000, 0, undefined],
  ])("xsa-38: with producer %i and consumer %i holds %j bytes", (producer, consumer, fill) => {
    expect(ringFill(producer, consumer)).toBe(fill);
  });

  test("lies twice in the page, before the indexes", () => {
    expect(RING_PAGE.response - RING_PAGE.request).toBe(RING_SIZE);
    expect(RING_PAGE.requestConsumer).toBe(2 * RING_SIZE);
  });
});
