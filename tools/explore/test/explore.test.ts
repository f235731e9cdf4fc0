import { readFileSync } from "node:fs";
import { DOMID, getDomainState } from "@xenkit/abi";
import {
  consumerStates,
  DEEP,
  LARGE,
  type MakeConsumer,
  PROPERTIES,
  type Program,
  SOUND,
  SWITCHES,
  storyOf,
  switchTable,
  systemOf,
  traceOf,
  type World,
} from "@xenkit/explore";
import { replay, search } from "@xenkit/testkit";
import { type DomainInfo, DomainTracker, openXenmanage } from "@xenkit/xenmanage";
import { describe, expect, test } from "vitest";

describe("every order of the steps of a small program", () => {
  test.each(SOUND)("keeps all properties: $name", (program) => {
    const { failures, states, isBounded } = search(systemOf(program));
    expect(failures.map((failure) => storyOf(program, failure))).toEqual([]);
    expect(isBounded).toBe(true);
    expect(states).toBeGreaterThan(10);
  });
});

test.each([...LARGE, ...DEEP])(
  "a large program has twelve operations on three CPUs: $name",
  ({ cpus }) => {
    expect(cpus.map((operations) => operations.length)).toEqual([4, 4, 4]);
  },
);

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
        "seen:   domain 1 #12 was never reported, and is not marked",
        "  cpu1     destroy 1: begin-dying, tear-down, die, mark, raise",
        "  event    reaches the consumer",
        "  cpu1     destroy 1: unlink, free-domid, mark, raise",
        "  cpu1     create 1",
        "  consumer clear-pending",
        "  consumer poll: find-mark, look-up",
        "  cpu1     create 1: link, mark",
        "  consumer poll: clear-mark, answer 1 gone → gone 1#11, find-mark",
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
    const host = system.hypervisor(world);
    const { explicit, drains } = recorded();
    expect(explicit.length).toBeGreaterThan(0);
    const ask = (domid: number): { rc: number; state: number } => {
      const bytes = new Uint8Array(144);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, 90, true);
      view.setUint16(8, domid, true);
      const rc = host.hypercall(0, 36, bytes);
      return { rc, state: view.getUint16(16, true) };
    };
    for (const state of explicit) expect(ask(1)).toEqual({ rc: 0, state });
    for (const err of drains) expect([err, ask(0x7ff4).rc]).toEqual(["ENOENT", -2]);
  });
});

/** Small enough for the full search. */
const SMALL: readonly Program[] = [
  { name: "reuse", consumer: "tracker", before: ["create 1"], cpus: [["destroy 1", "create 1"]] },
  {
    name: "two domids",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1"], ["create 2", "destroy 2"]],
  },
  {
    name: "two CPUs and one domid",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [
      ["shutdown 1", "resume 1"],
      ["destroy 1", "create 1"],
    ],
  },
  {
    name: "torn down in two steps by two CPUs",
    consumer: "tracker",
    hypervisor: { teardownSteps: 1 },
    before: ["create 1"],
    cpus: [["destroy 1"], ["destroy 1"]],
  },
  { name: "a kill", consumer: "tracker", before: ["create 1"], cpus: [["destroy 1"], ["crash"]] },
  {
    name: "a kill of who starts again",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1"], ["resync"], ["crash"]],
  },
  { name: "ids", consumer: "tracker", cpus: [["create 1"], ["create 2"], ["create 3"]] },
  {
    name: "the handler is moved, and comes back",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [
      ["set-handler 1", "destroy 1"],
      ["resync", "resync"],
    ],
  },
  {
    name: "a rival's bind fails",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["set-handler 1", "set-handler 0"], ["bind by 0"], ["resync"]],
  },
  {
    name: "a rival binds",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1"], ["bind by 0"], ["resync"]],
  },
  {
    name: "a rival drains",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1"], ["drain by 0"]],
  },
  {
    name: "a guest asks",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [["shutdown 1"], ["drain by 2", "query 1 by 2"], ["destroy 2"]],
  },
  ...SWITCHES.map(({ program }) => program),
];

describe("partial-order reduction", () => {
  test.each(SMALL)("finds the same ends and failures as the full search: $name", (program) => {
    const [full, reduced] = (["none", "persistent"] as const).map((reduction) =>
      search(systemOf(program), { reduction, until: "all" }),
    );
    expect([...(reduced?.ends ?? [])].sort()).toEqual([...(full?.ends ?? [])].sort());
    const failures = (report: typeof full): string[] =>
      (report?.failures ?? []).map(({ property, path }) => `${property}: ${path.length}`).sort();
    expect(failures(reduced)).toEqual(failures(full));
    expect(reduced?.isBounded).toBe(full?.isBounded);
    expect(reduced?.states).toBeLessThanOrEqual(full?.states ?? 0);
  });

  test("saves more than half of the states of a program on two domids", () => {
    const [full, reduced] = (["none", "persistent"] as const).map((reduction) =>
      search(systemOf(SOUND[3] as Program), { reduction }),
    );
    expect(reduced?.states).toBeLessThan((full?.states ?? 0) * 0.5);
    expect(reduced?.transitions).toBeLessThan((full?.transitions ?? 0) * 0.3);
  });
});

describe("what is found out once", () => {
  test.each(SMALL)("is what a real hypervisor does in each state: $name", (program) => {
    const system = systemOf(program);
    const different: string[] = [];
    const key = (world: World): string => {
      if (!system.isReal(world)) different.push(world.host.text);
      return system.key(world);
    };
    search({ ...system, key }, { reduction: "none", until: "all" });
    expect(different).toEqual([]);
  });
});

describe("a consumer's state", () => {
  /** Its second start does nothing: it counts, and nobody can see that. */
  const forgetful: MakeConsumer = ({ hypercall, events, tell, onError }) => {
    const tracker = new DomainTracker({ manage: openXenmanage({ hypercall }), events, onError });
    tracker.onChange(tell);
    let orders = 0;
    return {
      start: () => {
        orders += 1;
        if (orders !== 2) tracker.start();
      },
      resync: () => tracker.stop(),
      snapshot: () => tracker.snapshot(),
    };
  };

  test("says what was found and not told at the end of the drain", () => {
    // Tells what it found only when its drain is broken off.
    const silent: MakeConsumer = ({ hypercall, tell, onError }) => {
      const manage = openXenmanage({ hypercall });
      const found: DomainInfo[] = [];
      const start = (): void => {
        try {
          for (;;) {
            const domain = manage.pollChangedDomain();
            if (domain === undefined) return;
            found.push(domain);
          }
        } catch (error) {
          onError(error);
          for (const domain of found) tell({ kind: "appeared", domain });
        }
      };
      return { start, resync: start, snapshot: () => found };
    };
    const bytes = getDomainState.encodeRequest(DOMID.invalid);
    new DataView(bytes.buffer).setUint16(8, 1, true);
    const poll = consumerStates(silent).next({ kind: "start" }).state;
    const found = poll.next({ kind: "answer", rc: 0, bytes });
    expect(found.told.map(({ kind }) => kind)).toEqual(["appeared"]);
    expect(found.lost).toBe(undefined);
    expect(found.state.next({ kind: "answer", rc: -2, bytes }).lost).toMatch("appeared 1");
  });

  test("is refused when two ways to it differ in what comes next", () => {
    const walk = (): void => {
      let state = consumerStates(forgetful);
      const answers: Record<string, number> = { bind: 1, poll: -2 };
      for (let order = 0; order < 4; order += 1) {
        state = state.next({ kind: "start" }).state;
        while (state.request !== undefined) {
          const rc = answers[state.request.name] ?? 0;
          const bytes = new Uint8Array(state.request.name === "bind" ? 12 : 0);
          state = state.next({ kind: "answer", rc, bytes }).state;
        }
        state = state.next({ kind: "resync" }).state;
        while (state.request !== undefined) {
          state = state.next({ kind: "answer", rc: 0, bytes: new Uint8Array(0) }).state;
        }
      }
    };
    expect(walk).toThrow("not one state");
  });
});
