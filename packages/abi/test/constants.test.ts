import {
  CAPS,
  capsNames,
  ERRNO,
  errnoName,
  evtchnBinding,
  joinHalves,
  NR_VIRQS,
  STATE,
  stateNames,
  VIRQ,
  virqClass,
} from "@xenkit/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("stateNames", () => {
  test.each([
    { state: 0, names: [] },
    { state: 0xd, names: ["exist", "dying", "dead"] },
    { state: 0xb, names: ["exist", "shutdown", "dead"] },
    { state: 0x8041, names: ["exist", "0x8040"] },
    { state: 0x100, names: ["0x100"] },
  ])("of $state is $names", ({ state, names }) => {
    expect(stateNames(state)).toEqual(names);
  });

  test("shows every bit of every u16", () => {
    const values: Readonly<Record<string, number>> = STATE;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (state) => {
        const bits = stateNames(state).map((name) => values[name] ?? Number(name));
        expect(bits.reduce((all, bit) => all | bit, 0)).toBe(state);
      }),
    );
  });
});

test("capsNames shows bits without a name", () => {
  expect(capsNames(CAPS.control | CAPS.xenstore | 0x20)).toEqual(["control", "xenstore", "0x20"]);
});

describe("errnoName", () => {
  test("knows a number as a hypercall returns it, and as errno.h has it", () => {
    expect([errnoName(-2), errnoName(2)]).toEqual(["ENOENT", "ENOENT"]);
  });

  test("knows each name once", () => {
    expect(new Set(Object.values(ERRNO)).size).toBe(Object.keys(ERRNO).length);
    for (const [name, number] of Object.entries(ERRNO)) expect(errnoName(number)).toBe(name);
  });

  test("shows a number without a name", () => {
    expect(errnoName(-4000)).toBe("errno 4000");
  });
});

describe("virqClass", () => {
  test.each([
    { virq: VIRQ.timer, is: "per-vcpu" },
    { virq: VIRQ.debug, is: "per-vcpu" },
    { virq: VIRQ.xenoprof, is: "per-vcpu" },
    { virq: VIRQ.xenpmu, is: "per-vcpu" },
    { virq: VIRQ.argo, is: "per-domain" },
    { virq: VIRQ.console, is: "global" },
    { virq: VIRQ.domExc, is: "global" },
    { virq: VIRQ.enomem, is: "global" },
    { virq: VIRQ.arch0 + 7, is: "global" },
    { virq: NR_VIRQS, is: undefined },
    { virq: -1, is: undefined },
    { virq: 0.5, is: undefined },
  ])("of $virq is $is", ({ virq, is }) => {
    expect(virqClass(virq)).toBe(is);
  });
});

describe("evtchnBinding", () => {
  const u = { first: 0xabcd_0007, second: 12 };
  test.each([
    { status: 0, is: { kind: "closed" } },
    { status: 1, is: { kind: "unbound", dom: 7 } },
    { status: 2, is: { kind: "interdomain", dom: 7, port: 12 } },
    { status: 3, is: { kind: "pirq", pirq: 0xabcd_0007 } },
    { status: 4, is: { kind: "virq", virq: 0xabcd_0007 } },
    { status: 5, is: { kind: "ipi" } },
    { status: 6, is: { kind: "unknown", status: 6 } },
  ])("of status $status is $is", ({ status, is }) => {
    expect(evtchnBinding({ status, u })).toEqual(is);
  });
});

test("joinHalves is the 64-bit number of its halves", () => {
  const half = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(half, half, (low, high) => {
      expect(joinHalves(low, high)).toBe((BigInt(high) << 32n) | BigInt(low));
    }),
  );
});
