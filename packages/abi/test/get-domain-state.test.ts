import {
  CAPS,
  DOMCTL_SIZE,
  DOMID,
  DomainStateView,
  domainState,
  domctl,
  getDomainState,
  readCaps,
  readCommand,
  readDomain,
  readInterfaceVersion,
  readPad0,
  readState,
  readUniqueIdHigh,
  readUniqueIdLow,
  STATE,
  writeAnswer,
  writeDomain,
  writeRequest,
} from "@xenkit/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** Recorded from Xen 4.21.2: an explicit query of dom0 with garbage in all fields but pad0. */
const recorded = {
  request: hex(`5a000000000000000000111122223333ffffffff00000000${"a5".repeat(120)}`),
  answer: hex(
    `5a0000000000000000001111222233330100030000000000d74f486469fa4b1b${"a5".repeat(112)}`,
  ),
  record: {
    domid: 0,
    state: STATE.exist,
    caps: CAPS.control | CAPS.hardware,
    uniqueId: 0x1b4b_fa69_6448_4fd7n,
  },
};

/** Recorded from Xen 4.22.0: the all-zero request for the next changed domain. */
const recordedNext = hex(`5a00000000000000f47f${"00".repeat(134)}`);

const low = (id: bigint): number => Number(id & 0xffff_ffffn);
const high = (id: bigint): number => Number(id >> 32n);

const u16 = fc.integer({ min: 0, max: 0xffff });
const answers = fc.record({
  domid: u16,
  state: u16,
  caps: u16,
  uniqueId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const calls = fc.uint8Array({ minLength: DOMCTL_SIZE, maxLength: DOMCTL_SIZE });

describe("get_domain_state as a record", () => {
  test("asks for the next changed domain with the recorded bytes", () => {
    expect(getDomainState.encodeRequest(DOMID.invalid)).toEqual(recordedNext);
  });

  test("clears all of a used buffer for a request", () => {
    const used = new Uint8Array(DOMCTL_SIZE).fill(0xa5);
    expect(getDomainState.encodeRequest(DOMID.invalid, used)).toBe(used);
    expect(used).toEqual(recordedNext);
  });

  test("reads the recorded answer", () => {
    expect(getDomainState.decode(recorded.answer)).toEqual(recorded.record);
  });

  test("turns the recorded request into the recorded answer", () => {
    const buffer = Uint8Array.from(recorded.request);
    expect(getDomainState.encode(recorded.record, buffer)).toBe(buffer);
    expect(buffer).toEqual(recorded.answer);
  });

  test("keeps every bit of an answer, those without a name included", () => {
    fc.assert(
      fc.property(answers, (answer) => {
        expect(getDomainState.decode(getDomainState.encode(answer))).toEqual(answer);
      }),
    );
  });

  test("keeps 0xd, dying and dead at once, as real Xen answered it", () => {
    const answer = { ...recorded.record, state: 0xd };
    expect(getDomainState.decode(getDomainState.encode(answer)).state).toBe(0xd);
  });

  test("works at an offset of a larger buffer and touches nothing else", () => {
    const page = new Uint8Array(400).fill(0xee);
    getDomainState.encodeRequest(7, page, 33);
    expect(page.subarray(33, 177)).toEqual(getDomainState.encodeRequest(7));
    getDomainState.encode({ ...recorded.record, domid: 7 }, page, 33);
    expect(getDomainState.decode(page, 33)).toEqual({ ...recorded.record, domid: 7 });
    expect([...page.subarray(0, 33), ...page.subarray(177)].every((byte) => byte === 0xee)).toBe(
      true,
    );
  });

  test.each([{ length: 0 }, { length: 15 }, { length: 143 }, { length: 145 }])(
    "refuses a buffer of $length bytes",
    ({ length }) => {
      const wrong = expect.objectContaining({
        code: "wrong-size",
        details: { expected: 144, actual: length },
      });
      const buffer = new Uint8Array(length);
      expect(() => getDomainState.decode(buffer)).toThrow(wrong);
      expect(() => getDomainState.encodeRequest(0, buffer)).toThrow(wrong);
      expect(() => getDomainState.encode(recorded.record, buffer)).toThrow(wrong);
    },
  );

  test.each([null, undefined, 5, "answer"])("refuses %j as an answer", (wrong) => {
    expect(() => getDomainState.encode(wrong as never)).toThrow(
      expect.objectContaining({
        code: "wrong-type",
        path: "xen_domctl",
        details: { expected: "a record", actual: wrong === null ? "null" : expect.any(String) },
      }),
    );
  });

  test("refuses the answer of another operation", () => {
    const other = Uint8Array.from(recorded.answer);
    other[0] = 1;
    expect(() => getDomainState.decode(other)).toThrow(
      expect.objectContaining({
        code: "unexpected-value",
        path: "xen_domctl.cmd",
        details: { expected: 90, actual: 1 },
      }),
    );
  });

  test.each([
    { field: "domid", bad: 0x1_0000, path: "xen_domctl.domain" },
    { field: "state", bad: -1, path: "xen_domctl_get_domain_state.state" },
    { field: "caps", bad: 0x1_0000, path: "xen_domctl_get_domain_state.caps" },
    { field: "uniqueId", bad: 2n ** 64n, path: "xen_domctl_get_domain_state.uniqueId" },
  ])("refuses $field $bad and leaves the buffer as it was", ({ field, bad, path }) => {
    const buffer = Uint8Array.from(recorded.request);
    expect(() => getDomainState.encode({ ...recorded.record, [field]: bad }, buffer)).toThrow(
      expect.objectContaining({ code: "out-of-range", path }),
    );
    expect(buffer).toEqual(recorded.request);
  });
});

describe("get_domain_state in place", () => {
  const whole = domctl(domainState);

  test("agrees with the records on every input, at any alignment", () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 0, max: 9 }), (call, shift) => {
        const bytes = new Uint8Array(DOMCTL_SIZE + 20).subarray(shift, shift + DOMCTL_SIZE);
        bytes.set(call);
        const { cmd, interfaceVersion, domain, payload } = whole.decode(bytes);
        expect([
          readCommand(bytes),
          readInterfaceVersion(bytes),
          readDomain(bytes),
          readState(bytes),
          readCaps(bytes),
          readPad0(bytes),
          readUniqueIdLow(bytes),
          readUniqueIdHigh(bytes),
        ]).toEqual([
          cmd,
          interfaceVersion,
          domain,
          payload.state,
          payload.caps,
          payload.pad0,
          low(payload.uniqueId),
          high(payload.uniqueId),
        ]);
      }),
    );
  });

  test("answers in exactly the bytes that a record answers in", () => {
    fc.assert(
      fc.property(calls, answers, (call, answer) => {
        const { domid, state, caps, uniqueId } = answer;
        const inPlace = Uint8Array.from(call);
        writeAnswer(inPlace, domid, state, caps, low(uniqueId), high(uniqueId));
        expect(inPlace).toEqual(getDomainState.encode(answer, Uint8Array.from(call)));
      }),
    );
  });

  test("takes the halves of a unique id signed as well", () => {
    const bytes = getDomainState.encodeRequest(1);
    writeAnswer(bytes, 1, STATE.exist, 0, -1, -0x8000_0000);
    expect(getDomainState.decode(bytes).uniqueId).toBe(0x8000_0000_ffff_ffffn);
  });

  test("turns the recorded request into the recorded answer", () => {
    const bytes = Uint8Array.from(recorded.request);
    writeAnswer(bytes, 0, 1, 3, low(recorded.record.uniqueId), high(recorded.record.uniqueId));
    expect(bytes).toEqual(recorded.answer);
  });

  test("asks with the recorded bytes, and leaves what nobody looks at", () => {
    const bytes = new Uint8Array(DOMCTL_SIZE);
    writeRequest(bytes, DOMID.invalid);
    expect(bytes).toEqual(recordedNext);
    const used = Uint8Array.from(recorded.answer);
    writeRequest(used, 0);
    expect(used.subarray(0, 16)).toEqual(recorded.request.subarray(0, 16));
    expect(used.subarray(16, 32)).toEqual(new Uint8Array(16));
    expect(used.subarray(32)).toEqual(recorded.request.subarray(32));
  });

  test("writes a domid alone into its two bytes", () => {
    fc.assert(
      fc.property(calls, u16, (call, domid) => {
        const bytes = Uint8Array.from(call);
        writeDomain(bytes, domid);
        expect(whole.decode(bytes)).toEqual({ ...whole.decode(call), domain: domid });
      }),
    );
  });

  test.each([
    readCommand,
    readInterfaceVersion,
    readDomain,
    readState,
    readCaps,
    readPad0,
    readUniqueIdLow,
    readUniqueIdHigh,
    (bytes: Uint8Array) => writeDomain(bytes, 0),
    (bytes: Uint8Array) => writeRequest(bytes, 0),
    (bytes: Uint8Array) => writeAnswer(bytes, 0, 0, 0, 0, 0),
  ])("refuses 143 bytes: %o", (access) => {
    const short = new Uint8Array(DOMCTL_SIZE - 1).fill(0xa5);
    expect(() => access(short)).toThrow(
      expect.objectContaining({ code: "wrong-size", details: { expected: 144, actual: 143 } }),
    );
    expect(short.every((byte) => byte === 0xa5)).toBe(true);
  });
});

describe("DomainStateView", () => {
  test("writes the request that the record writes, over whatever answer was there", () => {
    const view = new DomainStateView();
    fc.assert(
      fc.property(u16, answers, (domid, answer) => {
        view.writeRequest(domid);
        expect(view.bytes).toEqual(getDomainState.encodeRequest(domid));
        getDomainState.encode(answer, view.bytes);
      }),
    );
  });

  test("reads what the record reads", () => {
    const view = new DomainStateView();
    fc.assert(
      fc.property(answers, (answer) => {
        getDomainState.encode(answer, view.bytes);
        expect(view.answer()).toEqual(answer);
        const { domid, state, caps, uniqueId, uniqueIdLow, uniqueIdHigh } = view;
        expect({ domid, state, caps, uniqueId }).toEqual(answer);
        expect([uniqueIdLow, uniqueIdHigh]).toEqual([low(uniqueId), high(uniqueId)]);
      }),
    );
  });

  test("has one buffer for its whole life", () => {
    const view = new DomainStateView();
    const { bytes } = view;
    view.writeRequest(3);
    expect(view.bytes).toBe(bytes);
    expect(bytes.length).toBe(DOMCTL_SIZE);
  });
});
