import { soak } from "@xenkit/soak";
import { expect, test } from "vitest";

test("nothing is left of 60,000 requests from 40 clients at a time that come and go", async () => {
  const result = await soak({ requests: 60_000, connections: 40, seed: 1 });
  expect(result.replies).toBe(result.requests);
  expect(result.requests).toBeGreaterThanOrEqual(60_000);
  expect(result.clients).toBeGreaterThan(40);
  expect(Math.min(result.events, result.conflicts)).toBeGreaterThan(0);
  expect(result.left).toEqual(result.fresh);
  // 30 bytes for each request would be more than this.
  expect(result.grown).toBeLessThan(2 << 20);
});
