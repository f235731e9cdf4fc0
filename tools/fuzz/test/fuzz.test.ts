import { fuzz, TARGETS, type Target } from "@xenkit/fuzz";
import { expect, test } from "vitest";

test.each(TARGETS)(
  "any bytes into $name leave the daemon alive, small, and with time for others",
  async ({ name, target }) => {
    const result = await fuzz({
      seed: 1,
      goesOn: () => false,
      targets: [{ name, runs: 600, target }],
    });
    expect(result.find).toBeUndefined();
    expect(result.requests).toBeGreaterThan(1000);
  },
  60_000,
);

test("a find ends the run, and is told with its target and the seed that finds it again", async () => {
  const rounds = 3;
  let count = 0;
  const target: Target = async ({ seed }) => {
    count += 1;
    return { requests: 2, find: seed === 7 + rounds - 1 ? "broken" : undefined };
  };
  const targets = [{ name: "it", runs: 10, target }];
  const result = await fuzz({ seed: 7, goesOn: () => true, targets });
  expect(result).toEqual({
    inputs: 30,
    requests: 6,
    find: { target: "it", seed: 9, text: "broken" },
  });
  expect(count).toBe(rounds);
});
