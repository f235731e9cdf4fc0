import { DOMID, getDomainState } from "@xenkit/abi";
import { parseRecording, renderResult, replay } from "@xenkit/replay";
import { describe, expect, test } from "vitest";
import { recording } from "./recordings.ts";

type JsonLine = Readonly<Record<string, unknown>>;

const lines: readonly JsonLine[] = recording("xen-4.22.0/get-domain-state.jsonl")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as JsonLine);

const indexOf = (step: number): number => lines.findIndex((line) => line["step"] === step);

/** The recording with some steps taken out and other lines in their place. */
const replaced = (from: number, to: number, ...others: readonly JsonLine[]): JsonLine[] => [
  ...lines.slice(0, indexOf(from)),
  ...others,
  ...lines.slice(indexOf(to) + 1),
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A get_domain_state as it is recorded. `asked` is DOMID_INVALID for a drain. */
const answer = (
  scenario: string,
  asked: number,
  domid: number,
  state: number,
  uniqueId: bigint,
  note = "",
): JsonLine => {
  const request = getDomainState.encodeRequest(asked);
  const out = getDomainState.encode({ domid, state, caps: 0, uniqueId }, request.slice(), 0);
  return {
    step: 0,
    scenario,
    caller: "dom0",
    op: "get_domain_state",
    in_domid: asked,
    rc: 0,
    err: "OK",
    in: hex(request),
    out: hex(out),
    note,
  };
};

const drained = (scenario: string, domid: number, state: number, id = 0n): JsonLine =>
  answer(scenario, DOMID.invalid, domid, state, id);

/** What the replay makes of it: nothing different, and how often each invariant was needed. */
const invariantsOf = (changed: readonly JsonLine[]): Record<string, number> => {
  const result = replay(parseRecording(changed.map((line) => JSON.stringify(line)).join("\n")));
  expect(result.differences, renderResult("changed", result)).toEqual([]);
  return Object.fromEntries(result.byInvariant);
};

const line = (step: number): JsonLine => lines[indexOf(step)] ?? {};

const AS_RECORDED = { "gone-again": 5, "destroy-in-progress": 3, "create-retried": 3 };
/** Ids of the recording: of the domain of step 117, of the first one of i-destroy-immediate-drain, of i-dying. */
const ID_1 = 0x16640f0fc13a5daan;
const ID_8 = 0x38df78e6a376556dn;
const ID_16 = 0x8a8a8d3bf10b3been;

describe("a recording of the same run with other timing", () => {
  test("may see the domain dead, right after its destroy returned", () => {
    const dead = answer("i-transitions-no-vcpu", 1, 1, 0xb, ID_1);
    expect(invariantsOf(replaced(117, 117, dead))).toEqual(AS_RECORDED);
  });

  test("may drain the dead domain before it is gone", () => {
    const scenario = "i-destroy-immediate-drain";
    const dead = drained(scenario, 8, 9, ID_8);
    expect(invariantsOf(replaced(148, 148, dead))).toEqual({ ...AS_RECORDED, "gone-again": 4 });
  });

  test("may have the second all-zero entry after an ENOENT, or after the VIRQ", () => {
    const [zero, none, virq] = [line(149), line(150), line(151)];
    expect(invariantsOf(replaced(149, 151, none, virq, zero))).toEqual(AS_RECORDED);
    expect(invariantsOf(replaced(149, 151, none, zero, virq))).toEqual(AS_RECORDED);
    expect(invariantsOf(replaced(149, 151, virq, zero, none))).toEqual(AS_RECORDED);
  });

  test("may see no step of a destroy from another thread, or DYING and DEAD together", () => {
    const { "destroy-in-progress": _, ...others } = AS_RECORDED;
    const gone = drained("i-dying", 16, 0);
    expect(invariantsOf(replaced(233, 238, line(238), gone))).toEqual(others);
    const torn = answer("i-dying", 16, 16, 0xd, ID_16, "watcher thread: explicit query");
    const dead = answer("i-dying", 16, 16, 9, ID_16, "watcher thread: explicit query");
    const seenOnce = { ...AS_RECORDED, "destroy-in-progress": 2 };
    expect(invariantsOf(replaced(234, 235, dead))).toEqual(seenOnce);
    const tornOnce = { ...AS_RECORDED, "destroy-in-progress": 1, "torn-read": 1 };
    expect(invariantsOf(replaced(234, 235, torn))).toEqual(tornOnce);
  });

  test("may not have a third all-zero entry, nor a second one of a domain that was not destroyed", () => {
    const differences = (changed: readonly JsonLine[]): number =>
      replay(parseRecording(changed.map((each) => JSON.stringify(each)).join("\n"))).differences
        .length;
    expect(differences(replaced(149, 149, line(149), line(149)))).toBe(1);
    // DEAD and the free have one mark each: dead and gone, or gone twice.
    const dead = drained("i-destroy-immediate-drain", 8, 9, ID_8);
    expect(differences(replaced(148, 148, dead, line(148)))).toBe(1);
    expect(differences(replaced(149, 149, drained("", 9, 0)))).toBeGreaterThan(0);
  });
});
