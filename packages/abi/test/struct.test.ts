import {
  AbiError,
  bytes,
  createDomain,
  domainState,
  domctl,
  domctlHeader,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnReset,
  evtchnSend,
  evtchnStatus,
  evtchnUnmask,
  getDomainInfo,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
  i16,
  i32,
  isAbiError,
  maxMem,
  maxVcpus,
  type StructCodec,
  schedRemoteShutdown,
  schedShutdown,
  setTarget,
  setVirqHandler,
  struct,
  subscribe,
  u8,
  u16,
  u32,
  u64,
} from "@xenkit/abi";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";

const every: readonly StructCodec<unknown>[] = [
  domctlHeader,
  domainState,
  createDomain["4.21"],
  createDomain["4.22"],
  getDomainInfo["4.21"],
  getDomainInfo["4.22"],
  setVirqHandler,
  maxVcpus,
  maxMem,
  subscribe,
  setTarget,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnSend,
  evtchnUnmask,
  evtchnStatus,
  evtchnReset,
  schedRemoteShutdown,
  schedShutdown,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
  domctl(createDomain["4.22"]),
  domctl(getDomainInfo["4.22"]),
  domctl(maxVcpus),
] as readonly unknown[] as readonly StructCodec<unknown>[];

describe("every struct", () => {
  test.each(every)("$name loses no bit of any input", (codec) => {
    const inputs = fc.uint8Array({ minLength: codec.size, maxLength: codec.size });
    fc.assert(
      fc.property(inputs, (input) => {
        // Over a copy: padding, which has no value, is left as it was.
        expect(codec.encode(codec.decode(input), Uint8Array.from(input))).toEqual(input);
        const onlyPadding = Uint8Array.from(input);
        for (const index of codec.bytes) onlyPadding[index] = 0;
        const fresh = codec.encode(codec.decode(input));
        expect(fresh.map((byte, index) => byte | (onlyPadding[index] ?? 0))).toEqual(input);
      }),
      { numRuns: 30 },
    );
  });

  test.each(every)("$name works at any offset and touches nothing else", (codec) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: codec.size + 20, maxLength: codec.size + 20 }),
        fc.integer({ min: 0, max: 20 }),
        (buffer, offset) => {
          const there = buffer.slice(offset, offset + codec.size);
          expect(codec.decode(buffer, offset)).toEqual(codec.decode(there));
          const target = Uint8Array.from(buffer, (byte) => byte ^ 0xff);
          for (let index = 0; index < codec.size; index += 1) {
            if (!codec.bytes.includes(index)) target[offset + index] = there[index] ?? 0;
          }
          codec.encode(codec.decode(there), target, offset);
          const expected = Uint8Array.from(buffer, (byte) => byte ^ 0xff);
          expected.set(there, offset);
          expect(target).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  test.each(every)("$name is refused one byte short and one byte long", (codec) => {
    for (const actual of [codec.size - 1, codec.size + 1]) {
      const wrong = expect.objectContaining({
        code: "wrong-size",
        path: codec.name,
        details: { expected: codec.size, actual },
      });
      expect(() => codec.decode(new Uint8Array(actual))).toThrow(wrong);
    }
    expect(() => codec.decode(new Uint8Array(codec.size), 1)).toThrow(
      expect.objectContaining({
        code: "wrong-size",
        details: { expected: codec.size, actual: codec.size - 1 },
      }),
    );
  });
});

describe("struct", () => {
  const mixed = struct("mixed", {
    flag: u8,
    id: u64,
    inner: struct("inner", { half: u16, word: u32 }),
    tail: bytes(3),
    short: i16,
    long: i32,
  });

  test("places fields by the rules of C, padding at the end included", () => {
    expect(mixed.fields).toEqual([
      { name: "flag", offset: 0, size: 1 },
      { name: "id", offset: 8, size: 8 },
      { name: "inner", offset: 16, size: 8 },
      { name: "tail", offset: 24, size: 3 },
      { name: "short", offset: 28, size: 2 },
      { name: "long", offset: 32, size: 4 },
    ]);
    expect([mixed.size, mixed.align]).toEqual([40, 8]);
  });

  const value = {
    flag: 0xab,
    id: 0x0123_4567_89ab_cdefn,
    inner: { half: 0x1234, word: 0xdead_beef },
    tail: Uint8Array.of(1, 2, 3),
    short: -2,
    long: -3,
  };

  test("is little endian throughout", () => {
    expect(Buffer.from(mixed.encode(value)).toString("hex")).toBe(
      "ab00000000000000efcdab896745230134120000efbeadde01020300feff0000fdffffff".padEnd(80, "0"),
    );
    expect(mixed.decode(mixed.encode(value))).toEqual(value);
  });

  test("has the record's type from its fields", () => {
    expectTypeOf(mixed.decode).returns.toEqualTypeOf<{
      readonly flag: number;
      readonly id: bigint;
      readonly inner: { readonly half: number; readonly word: number };
      readonly tail: Uint8Array;
      readonly short: number;
      readonly long: number;
    }>();
  });

  test.each([
    { field: "flag", bad: 256, code: "out-of-range", why: "past 8 bits" },
    { field: "flag", bad: -1, code: "out-of-range", why: "negative" },
    { field: "flag", bad: 0.5, code: "wrong-type", why: "no integer" },
    { field: "flag", bad: Number.NaN, code: "wrong-type", why: "no number" },
    { field: "flag", bad: "1", code: "wrong-type", why: "text" },
    { field: "flag", bad: undefined, code: "wrong-type", why: "missing" },
    { field: "flag", bad: 1n, code: "wrong-type", why: "a bigint" },
    { field: "id", bad: -1n, code: "out-of-range", why: "negative" },
    { field: "id", bad: 2n ** 64n, code: "out-of-range", why: "past 64 bits" },
    { field: "id", bad: 1, code: "wrong-type", why: "a number" },
    { field: "inner", bad: null, code: "wrong-type", why: "no record" },
    { field: "tail", bad: Uint8Array.of(1, 2), code: "wrong-size", why: "too short" },
    { field: "tail", bad: [1, 2, 3], code: "wrong-type", why: "an array" },
    { field: "short", bad: 0x8000, code: "out-of-range", why: "past 15 bits" },
    { field: "short", bad: -0x8001, code: "out-of-range", why: "below 15 bits" },
    { field: "long", bad: 0x8000_0000, code: "out-of-range", why: "past 31 bits" },
  ])("refuses $field $bad ($why), and leaves the target as it was", ({ field, bad, code }) => {
    const target = new Uint8Array(40).fill(0xa5);
    expect(() => mixed.encode({ ...value, [field]: bad } as never, target)).toThrow(
      expect.objectContaining({ code, path: `mixed.${field}` }),
    );
    expect(target.every((byte) => byte === 0xa5)).toBe(true);
  });

  test("names the path to a field of a struct within", () => {
    const bad = { ...value, inner: { half: 0, word: -1 } };
    expect(() => mixed.encode(bad)).toThrow(
      new AbiError("out-of-range", "mixed.inner.word", { value: -1, min: 0, max: 0xffff_ffff }),
    );
  });

  test.each([-1, 0.5, Number.NaN])("refuses the offset %d", (offset) => {
    expect(() => mixed.decode(new Uint8Array(80), offset)).toThrow(
      expect.objectContaining({ code: "out-of-range", path: "mixed.offset" }),
    );
  });

  test("refuses an offset far past the end", () => {
    expect(() => mixed.decode(new Uint8Array(80), 1000)).toThrow(
      expect.objectContaining({ code: "wrong-size", details: { expected: 40, actual: 0 } }),
    );
  });

  test.each([new ArrayBuffer(80), new DataView(new ArrayBuffer(80)), 7, {}])(
    "refuses %o, which is no array of bytes, at an offset as well",
    (wrong) => {
      for (const offset of [0, undefined]) {
        expect(() => mixed.decode(wrong as never, offset)).toThrow(
          expect.objectContaining({ code: "wrong-size", path: "mixed" }),
        );
      }
    },
  );

  test("takes bytes for what they are, whatever length they say", () => {
    class Boastful extends Uint8Array {
      override get length(): number {
        return 3;
      }
    }
    mixed.encode(value);
    expect(() => mixed.encode({ ...value, tail: new Boastful(1) })).toThrow(
      new AbiError("wrong-size", "mixed.tail", { expected: 3, actual: 1 }),
    );
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 17])("has no field of %d bytes", (size) => {
    expect(() => bytes(size)).toThrow(
      new AbiError("out-of-range", "bytes.size", { value: size, min: 0, max: 65_536 }),
    );
  });

  test("fills the union of a domctl to the last byte, and no further", () => {
    const whole = domctl(struct("whole", { all: bytes(128) }));
    expect([whole.size, whole.fields.at(-1)]).toEqual([
      144,
      { name: "rest", offset: 144, size: 0 },
    ]);
    expect(() => domctl(struct("larger", { all: bytes(129) }))).toThrow(
      new AbiError("wrong-size", "xen_domctl.larger", { expected: 128, actual: 129 }),
    );
  });

  test("is not confused by a getter that encodes another record", () => {
    const sneaky = {
      ...value,
      get long(): number {
        mixed.encode({ ...value, flag: 0, id: 0n });
        return -3;
      },
    };
    expect(mixed.encode(sneaky)).toEqual(mixed.encode(value));
  });

  test("gives records of their own: changing the bytes later changes no record", () => {
    const buffer = mixed.encode(value);
    const record = mixed.decode(buffer);
    buffer.fill(0);
    mixed.decode(buffer);
    expect(record).toEqual(value);
  });
});

describe("AbiError", () => {
  const error = new AbiError("wrong-size", "xen_domctl", { expected: 144, actual: 15 });

  test("says where, what and by how much", () => {
    expect(error.message).toBe("xen_domctl: wrong-size (expected 144, actual 15)");
  });

  test("is told from other errors, and by its code", () => {
    expect(isAbiError(error)).toBe(true);
    expect(isAbiError(error, "wrong-size")).toBe(true);
    expect(isAbiError(error, "out-of-range")).toBe(false);
    expect(isAbiError(new Error(error.message))).toBe(false);
    if (isAbiError(error, "wrong-size")) {
      expectTypeOf(error.details).toEqualTypeOf<{
        readonly expected: number;
        readonly actual: number;
      }>();
    }
  });
});
