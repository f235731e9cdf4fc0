import { describe, expect, test } from "vitest";
import { figuresOf, median } from "../src/figures.ts";
import { targetLines } from "../src/target.ts";

const processes = [
  { "8 bits": { c: [10, 20, 30], ours: [20, 20, 30] } },
  { "8 bits": { c: [10, 10, 10], ours: [11, 11, 11] } },
  { "8 bits": { c: [10, 10, 10], ours: [12, 12, 12] } },
];

describe("the figures of a bench", () => {
  test("the median of an even count lies between the two in the middle", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow("nothing");
  });

  test("times and ratios are medians over processes of medians over rounds", () => {
    const figures = figuresOf(processes);
    expect(figures.time("8 bits", "ours")).toBe(12);
    expect(figures.ratio("8 bits", "ours", "c")).toBe(1.1);
    expect(figures.ratio("8 bits", "theirs", "c")).toBeUndefined();
  });

  test("a target says whether it was reached, in every row when it names none", () => {
    const figures = figuresOf(processes);
    const [near] = targetLines([{ contender: "ours", against: "c", atMost: 1.2 }], figures);
    const [far] = targetLines([{ contender: "ours", against: "c", atMost: 1 }], figures);
    expect(near).toContain("| reached |");
    expect(far).toContain("| **not reached** |");
    expect(() => targetLines([{ contender: "x", against: "c", atMost: 1 }], figures)).toThrow(
      "8 bits",
    );
  });
});
