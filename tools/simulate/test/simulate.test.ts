import { Broken, Simulation } from "@xenkit/simulate";
import { describe, expect, test } from "vitest";

/** The first seed that fails, of so many, and why. */
const firstFailure = (
  seeds: number,
  switches: ConstructorParameters<typeof Simulation>[1],
): string | undefined => {
  for (let seed = 1; seed <= seeds; seed += 1) {
    try {
      const simulation = new Simulation(seed, switches);
      for (let round = 0; round < 20; round += 1) simulation.run(1000);
    } catch (error) {
      if (error instanceof Broken) return error.message;
      throw error;
    }
  }
  return undefined;
};

describe("a simulated host", () => {
  test.each([1, 2, 3, 2026])("keeps everything that must hold: seed %i", (seed) => {
    const simulation = new Simulation(seed);
    for (let round = 0; round < 10; round += 1) simulation.run(2500);
    expect(simulation.steps).toBeGreaterThanOrEqual(25_000);
    for (const what of ["told appeared", "told replaced", "told gone", "sockets cut"]) {
      expect(simulation.counts.get(what), what).toBeGreaterThan(0);
    }
  });

  test("is the same each time under the same seed, and another under another", () => {
    const [first, again, other] = [7, 7, 8].map((seed) => {
      const simulation = new Simulation(seed);
      simulation.run(10_000);
      return [simulation.steps, ...simulation.counts];
    });
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe("the simulator finds", () => {
  test("what Xen's drain order loses", () => {
    expect(firstFailure(20, { drainOrder: "lookup-first" })).toMatch(/^no lost (change|reuse)/);
  });

  test("what is lost when the VIRQ comes before the mark", () => {
    expect(firstFailure(20, { noticeOrder: "virq-first" })).toMatch(/^no lost (change|reuse)/);
  });
});
