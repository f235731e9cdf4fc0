import {
  parseRecording,
  type ReplayResult,
  renderCounts,
  renderResult,
  replay,
} from "@xenkit/replay";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { recording, recordings } from "./recordings.ts";

const EXPECTED = [
  "xen-4.21.2/domid-wrap.jsonl (Xen 4.21.2): matched 39 of 39, 0 by invariant",
  "xen-4.21.2/drain-race.jsonl (Xen 4.21.2): matched 6 of 15, 9 by invariant",
  "xen-4.21.2/get-domain-state.jsonl (Xen 4.21.2): matched 549 of 554, 5 by invariant",
  "xen-4.22.0/domid-wrap.jsonl (Xen 4.22.0): matched 39 of 39, 0 by invariant",
  "xen-4.22.0/drain-race.jsonl (Xen 4.22.0): matched 3 of 25, 22 by invariant",
  "xen-4.22.0/get-domain-state.jsonl (Xen 4.22.0): matched 517 of 528, 11 by invariant",
];

const counts: string[] = [];
afterAll(() => console.log(counts.join("\n")));

describe("the recordings of real Xen on the emulator", () => {
  test("are those of both releases", () => {
    expect(recordings.map(({ name }) => name)).toEqual(EXPECTED.map((line) => line.split(" ")[0]));
  });

  test.each(recordings)("come out the same in every byte: $name", ({ name, text }) => {
    const result = replay(parseRecording(text));
    expect(result.differences, renderResult(name, result)).toEqual([]);
    counts.push(renderCounts(name, result));
    expect(EXPECTED).toContain(renderCounts(name, result));
  });

  test.each(recordings)("come out the same in Xen's own drain order: $name", ({ name, text }) => {
    const result = replay(parseRecording(text), { drainOrder: "lookup-first" });
    expect(result.differences, renderResult(name, result)).toEqual([]);
    expect(EXPECTED).toContain(renderCounts(name, result));
  });

  test("are held to an invariant in the lines that depend on timing, and nowhere else", () => {
    const of = (name: string) =>
      Object.fromEntries(replay(parseRecording(recording(name))).byInvariant);
    expect(of("xen-4.21.2/get-domain-state.jsonl")).toEqual({
      "destroy-in-progress": 2,
      "create-retried": 3,
    });
    expect(of("xen-4.22.0/get-domain-state.jsonl")).toEqual({
      "gone-again": 5,
      "destroy-in-progress": 3,
      "create-retried": 3,
    });
    expect(of("xen-4.21.2/drain-race.jsonl")).toEqual({
      "possible-pattern": 5,
      "unrecorded-domain": 3,
      "lost-incarnations": 1,
    });
    expect(of("xen-4.22.0/drain-race.jsonl")).toEqual({
      "possible-pattern": 21,
      "lost-incarnations": 1,
    });
  });
});

type JsonLine = Record<string, unknown>;

const linesOf = (name: string): JsonLine[] =>
  recording(name)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonLine);

const run = (lines: readonly JsonLine[]): ReplayResult =>
  replay(parseRecording(lines.map((line) => JSON.stringify(line)).join("\n")));

/** The recording with one line changed. */
const changed = (lines: readonly JsonLine[], index: number, change: JsonLine): JsonLine[] =>
  lines.map((line, at) => (at === index ? { ...line, ...change } : line));

const flip = (hex: string, byte: number, bits: number): string => {
  const value = Number.parseInt(hex.slice(2 * byte, 2 * byte + 2), 16) ^ bits;
  return hex.slice(0, 2 * byte) + value.toString(16).padStart(2, "0") + hex.slice(2 * byte + 2);
};

/** What an answer takes the place of says nothing in a request: the fields of a domain's state but pad0, a new port. */
const isOverwritten = (line: JsonLine | undefined, byte: number): boolean => {
  if (line?.["rc"] !== 0) return false;
  if (line["op"] === "evtchn_op:bind_virq") return byte >= 8;
  return line["op"] === "get_domain_state" && byte >= 16 && byte < 32 && (byte < 20 || byte >= 24);
};

const MAIN = ["xen-4.21.2/get-domain-state.jsonl", "xen-4.22.0/get-domain-state.jsonl"];

describe("a recording that is not true", () => {
  test.each(recordings)("differs when any byte of any buffer is another: $name", ({ name }) => {
    const lines = linesOf(name);
    const buffers = lines.flatMap((line, index) =>
      (["in", "out"] as const)
        .filter((field) => typeof line[field] === "string")
        .map((field) => ({ index, field, hex: line[field] as string })),
    );
    const corruption = fc
      .tuple(fc.constantFrom(...buffers), fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([buffer, at, bits]) => ({ ...buffer, byte: at % (buffer.hex.length / 2), bits }))
      .filter(({ index, field, byte }) => field === "out" || !isOverwritten(lines[index], byte));
    const numRuns = name.includes("get-domain-state") ? 40 : 4;
    fc.assert(
      fc.property(corruption, ({ index, field, hex, byte, bits }) => {
        const result = run(changed(lines, index, { [field]: flip(hex, byte, bits) }));
        expect(result.differences.length).toBeGreaterThan(0);
      }),
      { numRuns },
    );
  });

  test.each(MAIN)("differs when any return code is another: %s", (name) => {
    const lines = linesOf(name);
    const operations = lines.flatMap((line, index) => (line["op"] === undefined ? [] : [index]));
    const another = fc.tuple(fc.constantFrom(...operations), fc.constantFrom(0, -2, -3, -13, -38));
    fc.assert(
      fc.property(another, ([index, rc]) => {
        fc.pre(lines[index]?.["rc"] !== rc);
        expect(run(changed(lines, index, { rc })).differences.length).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });

  test.each(MAIN)(
    "differs when the VIRQ is said to have fired and did not, or not and did: %s",
    (name) => {
      const lines = linesOf(name);
      const events = lines.flatMap((line, index) => (line["event"] === "virq" ? [index] : []));
      for (const index of events) {
        const fired = lines[index]?.["fired"] !== true;
        expect(run(changed(lines, index, { fired })).differences.length).toBeGreaterThan(0);
      }
    },
  );

  test.each(["xen-4.21.2/domid-wrap.jsonl", "xen-4.22.0/domid-wrap.jsonl"])(
    "differs when a total of a sampled part is another: %s",
    (name) => {
      const lines = linesOf(name);
      const index = (words: string) => lines.findIndex((l) => String(l["note"]).includes(words));
      const totals = [
        { at: index("domains created"), note: "32749 domains created, 0 failed attempts" },
        { at: index("domains created"), note: "32750 domains created, 1 failed attempts" },
        {
          at: index("long drain: "),
          note: "long drain: 32750 entries, 0 not ascending, 3 with a non-zero state",
        },
        {
          at: index("long drain: "),
          note: "long drain: 32751 entries, 1 not ascending, 3 with a non-zero state",
        },
        {
          at: index("long drain: "),
          note: "long drain: 32751 entries, 0 not ascending, 2 with a non-zero state",
        },
      ];
      for (const { at, note } of totals) {
        expect(run(changed(lines, at, { note })).differences).toHaveLength(1);
      }
    },
  );

  test("differs when the draining thread saw what no order of marks gives", () => {
    const lines = linesOf("xen-4.22.0/drain-race.jsonl");
    const at = lines.findIndex((line) => line["event"] === "pattern");
    for (const states of ["0x3 0x1 0x0", "0x0 0x1 0x0", "0x1", "0x1 0x3 0xb 0x0 0x0"]) {
      expect(run(changed(lines, at, { states })).differences).toHaveLength(1);
    }
  });

  test.each([
    { step: 96, change: { port: 23 }, field: "port" },
    { step: 96, change: { read: "17000000" }, field: "read" },
    { step: 96, change: { deliveries: 0 }, field: "deliveries > 0" },
    { step: 43, change: { virq: 2 }, field: "recorded virq" },
    { step: 349, change: { port: 23 }, field: "recorded port" },
    { step: 61, change: { in_domid: 2 }, field: "recorded in_domid" },
    { step: 61, change: { err: "ESRCH" }, field: "recorded err" },
    { step: 61, change: { dec: { domid: 1, state: 3 } }, field: "recorded dec.state" },
    { step: 59, change: { dec: { domid: 2 } }, field: "recorded dec.domid" },
    { step: 61, change: { dec: { pad0: 1 } }, field: "recorded dec.pad0" },
  ])("differs in $field when step $step says $change", ({ step, change, field }) => {
    const lines = linesOf("xen-4.22.0/get-domain-state.jsonl");
    const at = lines.findIndex((line) => line["step"] === step);
    const fields = run(changed(lines, at, change)).differences.flatMap(({ line, mismatches }) =>
      line.step === step ? mismatches.map((mismatch) => mismatch.field) : [],
    );
    expect(fields).toContain(field);
  });

  test("differs when DYING and DEAD are seen together by no other thread", () => {
    const lines = linesOf("xen-4.22.0/get-domain-state.jsonl");
    const at = lines.findIndex((line) => line["step"] === 203);
    const { dec: _, ...torn } = lines[at] as JsonLine;
    const out = flip(torn["out"] as string, 16, 0x04);
    const result = run(lines.map((line, index) => (index === at ? { ...torn, out } : line)));
    expect(result.differences).toHaveLength(1);
  });

  test("differs when the answer about an unrecorded domain writes where none may, or has an id of no domain", () => {
    const lines = linesOf("xen-4.21.2/drain-race.jsonl");
    const at = lines.findIndex((line) => line["in_domid"] === 100);
    for (const byte of [10, 40, 143]) {
      const out = flip(lines[at]?.["out"] as string, byte, 0x01);
      expect(run(changed(lines, at, { out })).differences.length).toBeGreaterThan(0);
    }
    const { dec: _, ...line } = lines[at] as JsonLine;
    const out = flip(line["out"] as string, 24, 0x01);
    const result = run(lines.map((each, index) => (index === at ? { ...line, out } : each)));
    expect(result.differences.length).toBeGreaterThan(0);
  });

  test("differs when it lost an incarnation that it does not show", () => {
    const lines = linesOf("xen-4.22.0/drain-race.jsonl");
    const at = lines.findIndex((line) => line["event"] === "count");
    expect(run(changed(lines, at, { lost: 1 })).differences).toHaveLength(1);
  });

  test("is shown field by field, with step, scenario and note", () => {
    const lines = linesOf("xen-4.22.0/get-domain-state.jsonl");
    const at = lines.findIndex((line) => line["step"] === 98);
    const { dec: _, ...line } = lines[at] as JsonLine;
    const out = flip(flip(line["out"] as string, 16, 0x02), 24, 0xff);
    const result = run(lines.map((each, index) => (index === at ? { ...line, out } : each)));
    expect(renderResult("changed.jsonl", result)).toBe(
      [
        "changed.jsonl (Xen 4.22.0): matched 516 of 528, 11 by invariant, 1 DIFFERENT",
        "  gone-again 5: one destroy gives at most two all-zero entries, the second at the final free",
        "  destroy-in-progress 3: what a thread sees while another CPU destroys a domain is what some moment of that destroy shows",
        "  create-retried 3: a domid that is being freed may refuse creations, and in the end takes one",
        "  step 98, line 100, i-transitions-no-vcpu: get_domain_state – after shutdown",
        "    state: expected 0100, actual 0300",
        "    unique_id: expected 555d3ac10f0f6416, actual aa5d3ac10f0f6416",
      ].join("\n"),
    );
  });
});

describe("a recording of a release to come", () => {
  test("is replayed as the newest release, with its own interface version", () => {
    const next = (hex: unknown): unknown =>
      typeof hex === "string" && hex.length === 288 && hex.slice(8, 16) === "18000000"
        ? `${hex.slice(0, 8)}19000000${hex.slice(16)}`
        : hex;
    const lines = linesOf("xen-4.22.0/get-domain-state.jsonl").map((line) => ({
      ...line,
      ...("in" in line ? { in: next(line["in"]) } : {}),
      ...("out" in line ? { out: next(line["out"]) } : {}),
      ...(line["event"] === "start" ? { domctl_interface_version: 25, xen_version: "4.23.0" } : {}),
    }));
    expect(renderCounts("f", run(lines))).toBe(
      "f (Xen 4.23.0): matched 517 of 528, 11 by invariant",
    );
  });

  test.each(MAIN)("may be cut short anywhere: %s", (name) => {
    const lines = linesOf(name);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: lines.length }), (length) => {
        const result = run(lines.slice(0, length));
        expect(result.differences, renderResult("cut", result)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
