import { readFileSync } from "node:fs";
import {
  isWireError,
  readState,
  type StateNode,
  type StateRecord,
  writeState,
} from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Whole streams of the newest C daemon, as it wrote them at a live update. */
const RECORDED = JSON.parse(
  readFileSync(new URL("./vectors/state-streams.json", import.meta.url), "utf8"),
) as Readonly<Record<"state-basic" | "state-full", string>>;

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const id = fc.integer({ min: 1, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc
  .array(fc.integer({ min: 1, max: 0xff }), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));
const quotas = fc.array(fc.tuple(text, u32), { maxLength: 5 });
const perms = fc.array(fc.record({ access: fc.nat(3), domid: u16, stale: fc.boolean() }), {
  minLength: 1,
  maxLength: 4,
});
const kind = <K extends StateRecord["type"]>(type: K): fc.Arbitrary<K> => fc.constant(type);

const record: fc.Arbitrary<StateRecord> = fc.oneof(
  fc.record({ type: kind("global"), socket: i32, eventChannel: i32 }),
  fc.record({ type: kind("global-quotas"), domain: quotas, global: quotas }),
  fc
    .record({
      type: kind("connection"),
      id,
      peer: fc.oneof(
        fc.record({
          kind: fc.constant("ring" as const),
          domid: u16,
          target: fc.option(fc.nat(0x7ff3), { nil: undefined }),
          port: u32,
        }),
        fc.record({ kind: fc.constant("socket" as const), descriptor: i32 }),
      ),
      uniqueId: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
      received: bytes,
      unsent: bytes,
      unsentOfMessage: fc.nat(40),
    })
    .filter(({ unsent, unsentOfMessage }) => unsentOfMessage <= unsent.length),
  fc.record({
    type: kind("watch"),
    connection: u32,
    path: text,
    token: text,
    depth: fc.option(fc.nat(0xfffe), { nil: undefined }),
  }),
  fc.record({ type: kind("transaction"), connection: u32, id: u32 }),
  fc.record({
    type: kind("node"),
    pending: fc.option(
      fc.record({
        connection: id,
        transaction: u32,
        access: fc.constantFrom("deleted" as const, "read" as const, "written" as const),
      }),
      { nil: undefined },
    ),
    path: text,
    value: bytes,
    perms,
  }),
  fc.record({ type: kind("domain"), domid: u16, features: u32, quotas }),
);

const decoded = (stream: Uint8Array): StateRecord[] => [...readState(stream).records];
const hex = (stream: Uint8Array): string => Buffer.from(stream).toString("hex");

/** A node whose fields are all small. */
const NODE: StateNode = {
  type: "node",
  pending: undefined,
  path: "/",
  value: new Uint8Array(0),
  perms: [{ access: 0, domid: 0, stale: false }],
};

describe("a state stream of the C daemon", () => {
  test.each(Object.entries(RECORDED))(
    "%s is read, and written again byte for byte",
    (_, stream) => {
      const { version, byteOrder, records } = readState(Buffer.from(stream, "hex"));
      expect([version, byteOrder]).toEqual([2, "little"]);
      expect(hex(writeState(records))).toBe(stream);
    },
  );

  test("tells connections with what they had not finished, watches, nodes, domains", () => {
    const records = decoded(Buffer.from(RECORDED["state-full"], "hex"));
    const find = <T extends StateRecord["type"]>(type: T): Extract<StateRecord, { type: T }>[] =>
      records.filter((each): each is Extract<StateRecord, { type: T }> => each.type === type);
    const guests = find("connection").filter(({ peer }) => peer.kind === "ring");
    expect(guests.map(({ peer, uniqueId }) => [peer, uniqueId])).toEqual([
      [{ kind: "ring", domid: 0, target: undefined, port: 2 }, 1n],
      [{ kind: "ring", domid: 5, target: 6, port: 3 }, 101n],
      [{ kind: "ring", domid: 6, target: undefined, port: 4 }, 102n],
      [{ kind: "ring", domid: 7, target: undefined, port: 5 }, 103n],
    ]);
    expect(guests[2]?.received).toHaveLength(18);
    expect(find("watch").map(({ path, token }) => [path, token])).toEqual([
      ["/for7", "abs"],
      ["x", "rel"],
      ["@releaseDomain", "rd"],
    ]);
    expect(find("node").find(({ path }) => path === "/for7")?.perms).toEqual([
      { access: 2, domid: 7, stale: false },
      { access: 1, domid: 6, stale: false },
      { access: 3, domid: 5, stale: false },
      { access: 1, domid: 99, stale: true },
    ]);
    expect(find("domain").find(({ domid }) => domid === 6)).toMatchObject({
      features: 2,
      quotas: expect.arrayContaining([["watches", 17]]),
    });
    expect(find("global-quotas")[0]?.domain[0]).toEqual(["nodes", 700]);
  });
});

describe("any records", () => {
  test("are read as they were written, in both byte orders", () => {
    const order = fc.constantFrom("little" as const, "big" as const);
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12, size: "max" }), order, (records, byteOrder) => {
        const stream = writeState(records, { byteOrder });
        expect(readState(stream).byteOrder).toBe(byteOrder);
        expect(decoded(stream)).toEqual(records);
        expect(stream.length % 8).toBe(0);
      }),
    );
  });

  test("are as many as one likes: a store of 20,000 nodes", () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => ({ ...NODE, path: `/${index}` }));
    expect(decoded(writeState(nodes))).toEqual(nodes);
  });

  test("may have a length without its padding, and be of unknown types, which are passed over", () => {
    const watch = { type: "watch", connection: 1, path: "/a", token: "t", depth: undefined };
    const stream = writeState([watch as StateRecord, NODE]);
    const view = new DataView(stream.buffer);
    // 8 fixed bytes, "/a" and "t" with their NULs.
    expect(view.getUint32(20, true)).toBe(16);
    view.setUint32(20, 13, true);
    expect(decoded(stream)).toEqual([watch, NODE]);
    view.setUint32(16, 99, true);
    expect(decoded(stream)).toEqual([NODE]);
  });
});

describe("broken input", () => {
  const isBadState = (error: unknown): boolean => isWireError(error, "bad-state");
  const attempt = (stream: Uint8Array): void => {
    try {
      decoded(stream);
    } catch (error) {
      expect(isBadState(error)).toBe(true);
    }
  };

  test("of any bytes is a typed error at worst", () => {
    const header = Buffer.from(RECORDED["state-basic"], "hex").subarray(0, 16);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (junk, begun) => {
        attempt(begun ? Buffer.concat([header, junk]) : junk);
      }),
      { numRuns: 1000 },
    );
  });

  test("of a stream with bytes written over or cut off is a typed error at worst", () => {
    const whole = Buffer.from(RECORDED["state-full"], "hex");
    const place = fc.nat(whole.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(255))), place, (flips, cut) => {
        const stream = Buffer.from(whole);
        for (const [at, value] of flips) stream[at] = value;
        attempt(stream);
        attempt(whole.subarray(0, cut));
        expect(() => decoded(whole.subarray(0, cut))).toThrow(/^bad-state: /);
      }),
      { numRuns: 300 },
    );
  });

  const basic = Buffer.from(RECORDED["state-basic"], "hex");
  const patched = (at: number, value: number): Buffer => {
    const stream = Buffer.from(basic);
    stream[at] = value;
    return stream;
  };

  test.each([
    { what: "another magic", stream: patched(0, 0x58), error: "header at 0: no magic" },
    { what: "version 3", stream: patched(11, 3), error: "header at 0: version 3, not 1 or 2" },
    { what: "an unknown flag", stream: patched(15, 2), error: "header at 0: flags 2" },
    {
      what: "a length beyond the stream",
      stream: patched(23, 0x7f),
      error: `record at 16: ends after ${basic.length - 16} bytes, 2130706448 are needed`,
    },
    {
      what: "a record too short for its fields",
      stream: patched(20, 7),
      error: "global at 16: ends after 7 bytes, 8 are needed",
    },
    {
      what: "a stream without END",
      stream: basic.subarray(0, basic.length - 8),
      error: `record at ${basic.length - 8}: ends after 0 bytes, 4 are needed`,
    },
  ])("$what is told with its place", ({ stream, error }) => {
    expect(() => decoded(stream)).toThrow(
      expect.objectContaining({ code: "bad-state", message: `bad-state: ${error}` }),
    );
  });
});

describe("what no stream can say", () => {
  test.each<{ what: string; record: StateRecord; code: string }>([
    { what: "a NUL in a path", record: { ...NODE, path: "/a\0" }, code: "bad-state" },
    { what: "a path that is no bytes", record: { ...NODE, path: "/\u0100" }, code: "not-bytes" },
    { what: "a node of nobody", record: { ...NODE, perms: [] }, code: "bad-state" },
    {
      what: "a value of 64 KiB",
      record: { ...NODE, value: new Uint8Array(65_536) },
      code: "out-of-range",
    },
    {
      what: "a domid above 65535",
      record: { ...NODE, perms: [{ access: 1, domid: 65_536, stale: true }] },
      code: "out-of-range",
    },
    {
      what: "an access that is none",
      record: { ...NODE, perms: [{ access: 4, domid: 0, stale: true }] },
      code: "out-of-range",
    },
    {
      what: "a depth of 65535, which is any",
      record: { type: "watch", connection: 1, path: "/", token: "", depth: 65_535 },
      code: "bad-state",
    },
  ])("$what is refused by the writer", ({ record, code }) => {
    expect(() => writeState([record])).toThrow(expect.objectContaining({ code }));
  });

  test("a depth is refused in version 1, and features are left out", () => {
    const watch = { type: "watch", connection: 1, path: "/", token: "", depth: 1 } as const;
    expect(() => writeState([watch], { version: 1 })).toThrow(
      expect.objectContaining({ code: "bad-state" }),
    );
    const domain = { type: "domain", domid: 5, features: 14, quotas: [] } as const;
    const stream = writeState([domain], { version: 1 });
    expect(readState(stream).version).toBe(1);
    expect(decoded(stream)).toEqual([{ ...domain, features: 0 }]);
  });
});
