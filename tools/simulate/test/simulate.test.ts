import { Broken, FAULTS, failureText, QUOTAS, Simulation, type Switches } from "@xenkit/simulate";
import { describe, expect, test } from "vitest";

/** What fails under the seeds from 1 on, until one fails as it should. */
const failures = (switches: () => Switches, wanted: RegExp, seeds = 45): string[] => {
  const seen: string[] = [];
  for (let seed = 1; seed <= seeds && !seen.some((text) => wanted.test(text)); seed += 1) {
    const simulation = new Simulation(seed, switches());
    try {
      for (let round = 0; round < 20; round += 1) simulation.run(1000);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      seen.push(error.message);
    }
  }
  return seen;
};

/** One end of a domain that the daemon knows is never told to it. */
const losesOneEnd = (): Switches => {
  let isLost = false;
  return {
    isTold: ({ kind, domain }, daemon) => {
      const isEnd = kind === "gone" || kind === "replaced";
      if (isLost || !isEnd || daemon.usage(domain.domid) === undefined) return true;
      isLost = true;
      return false;
    },
  };
};

describe("a simulated host", () => {
  test.each([1, 2, 3, 2026])("keeps everything that must hold: seed %i", (seed) => {
    const simulation = new Simulation(seed);
    for (let round = 0; round < 10; round += 1) simulation.run(2500);
    expect(simulation.steps).toBeGreaterThanOrEqual(25_000);
  });

  test("is the same each time under the same seed, and another under another", () => {
    const [first, again, other] = [7, 7, 8].map((seed) => {
      const simulation = new Simulation(seed);
      for (let round = 0; round < 4; round += 1) simulation.run(5000);
      return simulation.history.hash;
    });
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("brings about every fault under the first seeds that CI runs", () => {
    const missing = new Set<string>(FAULTS);
    for (let seed = 1; seed <= 25 && missing.size > 0; seed += 1) {
      const simulation = new Simulation(seed);
      while (simulation.steps < 200_000) simulation.run(5000);
      for (const what of simulation.counts.keys()) missing.delete(what);
    }
    expect([...missing]).toEqual([]);
  }, 60_000);
});

describe("the simulator finds", () => {
  test.each<[what: string, switches: () => Switches, wanted: RegExp]>([
    [
      "what Xen's drain order loses",
      () => ({ drainOrder: "lookup-first" }),
      /^no lost (change|reuse)/,
    ],
    [
      "what is lost when the VIRQ comes before the mark",
      () => ({ noticeOrder: "virq-first" }),
      /^no lost (change|reuse)/,
    ],
    ["what a successor inherits when one end is not told", losesOneEnd, /^no inheritance: /],
    [
      "nodes of domains that have ended",
      () => ({ daemon: { keepOrphans: true } }),
      /^no inheritance: the entry|should not be there|was answered/,
    ],
    [
      "a quota that is one too high",
      () => ({ daemon: { quotas: { ...QUOTAS, watches: QUOTAS.watches + 1 } } }),
      /was answered OK, not ENOSPC/,
    ],
    [
      "commits that are refused without a reason",
      () => ({ daemon: { conflicts: "strict" } }),
      /^a commit was refused with EAGAIN/,
    ],
    [
      "guests that wait for ever, as the daemon's clock stands",
      () => ({ daemon: { clock: { now: () => 0, after: () => () => {} } } }),
      /^liveness: /,
    ],
  ])("%s", (_, switches, wanted) => {
    expect(failures(switches, wanted).join("\n")).toMatch(wanted);
  });
});

test("a failure is told with the last steps, and the command that shows it again", () => {
  const simulation = new Simulation(4);
  simulation.run(2000);
  const text = failureText({ seed: 4, steps: 2000 }, simulation.history, new Broken("something"));
  const lines = text.split("\n");
  expect(lines[0]).toBe(`seed 4 fails at step ${simulation.steps}, after:`);
  expect(lines.filter((line) => /^ {2}\d+: /.test(line))).toHaveLength(60);
  expect(text).toContain("something");
  expect(lines.at(-1)).toBe("again: npm run simulate -- --seed 4 --steps 2000");
});
