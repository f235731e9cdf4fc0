import { processTimes } from "@xenkit/oracle";
import { describe, expect, test } from "vitest";

describe("the CPU time of a process", () => {
  test("grows while it works", () => {
    const before = processTimes(process.pid);
    const end = performance.now() + 50;
    while (performance.now() < end);
    const after = processTimes(process.pid);
    expect(after.cpuNs).toBeGreaterThan(before.cpuNs);
    expect(after.userMs + after.systemMs).toBeGreaterThanOrEqual(before.userMs + before.systemMs);
  });

  test("cannot be had of a process that is not there", () => {
    // Linux has at most 2^22 processes.
    expect(() => processTimes(2 ** 30)).toThrow("ENOENT");
  });
});
