import { readFileSync } from "node:fs";
import {
  PROPERTIES,
  type Program,
  SOUND,
  SWITCHES,
  storyOf,
  switchTable,
  systemOf,
  traceOf,
} from "@xenkit/explore";
import { replay, search } from "@xenkit/testkit";
import { describe, expect, test } from "vitest";

describe("every order of the steps of a small program", () => {
  test.each(SOUND)("keeps all properties: $name", (program) => {
    const { failures, states, isBounded } = search(systemOf(program));
    expect(failures.map((failure) => storyOf(program, failure))).toEqual([]);
    expect(isBounded).toBe(true);
    expect(states).toBeGreaterThan(40);
  });
});

describe("each switch is caught", () => {
  test.each(SWITCHES)("$name breaks: $breaks", ({ program, breaks }) => {
    const { failures } = search(systemOf(program));
    expect(failures.map(({ property }) => property)).toEqual([breaks]);
    const [failure] = failures;
    expect(traceOf(program, failure?.path ?? []).length).toBeLessThanOrEqual(25);
  });

  test.each(SWITCHES.filter(({ program }) => program.hypervisor !== undefined))(
    "and without it the same program holds: $name",
    ({ program: { hypervisor: _switchedOn, ...program } }) => {
      expect(search(systemOf(program)).failures).toEqual([]);
    },
  );

  test.each(SWITCHES.filter(({ program }) => program.hypervisor === undefined))(
    "and the same program holds with the tracker, and with the consumer that has no such mistake: $name",
    ({ program }) => {
      for (const consumer of ["tracker", "by hand"] as const) {
        expect(search(systemOf({ ...program, consumer })).failures).toEqual([]);
      }
    },
  );

  test("the table in the README is what is explored", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    expect(readme).toContain(switchTable());
  });

  test("every property has its sentence", () => {
    for (const sentence of Object.values(PROPERTIES)) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

describe("a run that fails", () => {
  const xens = SWITCHES[0] as (typeof SWITCHES)[number];

  test("in Xen's order is the creation that is lost under a reused domid", () => {
    const [failure] = search(systemOf(xens.program)).failures;
    expect(storyOf(xens.program, failure ?? { property: "", seen: "", path: [] })).toBe(
      [
        "broken: no lost change",
        "seen:   domain 1 #3 was never reported, and is not marked",
        "  cpu1     destroy 1: begin-dying, tear-down, die, mark, raise, unlink, free-domid, mark, raise",
        "  cpu1     create 1",
        "  event    reaches the consumer",
        "  consumer clear-pending",
        "  consumer poll: find-mark, look-up",
        "  cpu1     create 1: link, mark",
        "  consumer poll: clear-mark, answer 1 gone, find-mark → gone 1#0",
        "  consumer unmask",
      ].join("\n"),
    );
  });

  test("can be run again from its moves", () => {
    const system = systemOf(xens.program);
    const [failure] = search(system).failures;
    const world = replay(system, failure?.path ?? []);
    expect(system.moves(world)).toEqual([]);
    expect(system.broken(world, true)).toEqual({
      property: failure?.property,
      seen: failure?.seen,
    });
  });
});

describe("the recorded race of real Xen", () => {
  /** What the recording says of each incarnation that was lost: asked for by domid, and then by a drain. */
  const recorded = (): { explicit: number[]; drains: string[] } => {
    const url = new URL("../../replay/vectors/xen-4.21.2/drain-race.jsonl", import.meta.url);
    const lines = readFileSync(url, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter((line) => line.scenario === "r-same-domid-lost" && line.op === "get_domain_state");
    return {
      explicit: lines.filter((line) => line.rc === 0).map((line) => line.dec.state),
      drains: lines.filter((line) => line.rc !== 0).map((line) => line.err),
    };
  };

  test("is the end of the explored run: each lost domain is there, alive, and no drain tells of it", () => {
    const { program } = SWITCHES[0] as (typeof SWITCHES)[number];
    const system = systemOf(program);
    const [failure] = search(system).failures;
    const world = replay(system, failure?.path ?? []);
    const { explicit, drains } = recorded();
    expect(explicit.length).toBeGreaterThan(0);
    const ask = (domid: number): { rc: number; state: number } => {
      const bytes = new Uint8Array(144);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, 90, true);
      view.setUint16(8, domid, true);
      const rc = world.host.hypercall(0, 36, bytes);
      return { rc, state: view.getUint16(16, true) };
    };
    for (const state of explicit) expect(ask(1)).toEqual({ rc: 0, state });
    for (const err of drains) expect([err, ask(0x7ff4).rc]).toEqual(["ENOENT", -2]);
  });
});

describe("partial-order reduction", () => {
  const small: readonly Program[] = [
    { name: "reuse", consumer: "tracker", before: ["create 1"], cpus: [["destroy 1", "create 1"]] },
    {
      name: "two",
      consumer: "tracker",
      before: ["create 1"],
      cpus: [["shutdown 1"], ["create 2"]],
    },
    {
      name: "same",
      consumer: "tracker",
      before: ["create 1"],
      cpus: [["shutdown 1"], ["destroy 1"]],
    },
    { name: "kill", consumer: "tracker", before: ["create 1"], cpus: [["destroy 1"], ["crash"]] },
    { name: "ids", consumer: "tracker", cpus: [["create 1"], ["create 2"]] },
    ...SWITCHES.map(({ program }) => program),
  ];

  test.each(small)(
    "finds the same ends and the same failures as the full search: $name",
    (program) => {
      const [full, reduced] = (["none", "persistent"] as const).map((reduction) =>
        search(systemOf(program), { reduction, until: "all" }),
      );
      expect([...(reduced?.ends ?? [])].sort()).toEqual([...(full?.ends ?? [])].sort());
      const properties = (report: typeof full): string[] =>
        (report?.failures ?? []).map(({ property }) => property).sort();
      expect(properties(reduced)).toEqual(properties(full));
      expect(reduced?.states).toBeLessThanOrEqual(full?.states ?? 0);
    },
  );

  test("saves states", () => {
    const [full, reduced] = (["none", "persistent"] as const).map((reduction) =>
      search(systemOf(SOUND[3] as Program), { reduction }),
    );
    expect(reduced?.states).toBeLessThan((full?.states ?? 0) * 0.9);
    expect(reduced?.transitions).toBeLessThan((full?.transitions ?? 0) * 0.7);
  });
});
