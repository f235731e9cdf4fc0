import { formatPermissions, parsePermissions } from "@xenkit/xenstore-client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("permissions", () => {
  test("read like xenstore-chmod writes them", () => {
    expect(parsePermissions(["n0", "r5", "b7"])).toEqual({
      owner: 0,
      others: "none",
      entries: [
        { domid: 5, access: "read" },
        { domid: 7, access: "both" },
      ],
    });
  });

  test("come back from text as they were", () => {
    const entry = fc.record({
      domid: fc.nat(0xffff),
      access: fc.constantFrom("none", "read", "write", "both"),
    });
    const perms = fc.record({
      owner: fc.nat(0xffff),
      others: fc.constantFrom("none", "read", "write", "both"),
      entries: fc.array(entry, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(perms, (value) => {
        expect(parsePermissions(formatPermissions(value))).toEqual(value);
      }),
    );
  });

  test.each([[[]], [[""]], [["x0"]], [["n"]], [["n0 "]], [["n0", "rx"]]])(
    "are refused when malformed: %j",
    (list) => {
      expect(() => parsePermissions(list)).toThrow(
        expect.objectContaining({ code: "bad-argument" }),
      );
    },
  );

  test.each([-1, 0.5, 65_536, Number.NaN])("name no domain %d", (owner) => {
    expect(() => formatPermissions({ owner, others: "none", entries: [] })).toThrow(
      expect.objectContaining({ code: "bad-argument" }),
    );
  });
});
