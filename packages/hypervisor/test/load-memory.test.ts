import process from "node:process";
import { createHypervisor } from "@xenkit/hypervisor";
import { expect, test } from "vitest";

test("a loaded port takes the room of one port, however high its number", () => {
  const host = createHypervisor();
  for (let made = 0; made < 200; made += 1) {
    const maxEvtchnPort = 131_071;
    host.eventChannels(host.createDomain({ maxEvtchnPort })).allocUnbound(0);
  }
  const state = host.dump();
  const high = state.domains.map((domain) => ({
    ...domain,
    ports: domain.ports.map((port) => ({ ...port, number: 131_071 })),
  }));
  const copy = createHypervisor();
  const before = process.memoryUsage().heapUsed;
  copy.load({ ...state, domains: high });
  // A table of all ports below would be 200 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000);
  expect(copy.eventChannels(200).allocUnbound(0)).toBe(1);
});
