import process from "node:process";
import { DOMID, HYPERVISOR, writeRequest } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { listen } from "./calls.ts";

describe("an answer allocates nothing", () => {
  test.each([
    { name: "drained to the end", domid: DOMID.invalid },
    { name: "about one domain", domid: 5 },
    { name: "about none", domid: 77 },
  ])("$name", ({ domid }) => {
    const host = createHypervisor({ uniqueIds: "xorshift" });
    listen(host);
    for (let made = 0; made < 10; made += 1) host.createDomain();
    const bytes = new Uint8Array(144);
    const calls = (count: number): void => {
      for (let call = 0; call < count; call += 1) {
        writeRequest(bytes, domid);
        host.hypercall(0, HYPERVISOR.domctl, bytes);
      }
    };
    calls(50_000);
    // The least of several: what else allocates in this process does not do so every time.
    const grown = Array.from({ length: 5 }, () => {
      const before = process.memoryUsage().heapUsed;
      calls(50_000);
      return process.memoryUsage().heapUsed - before;
    });
    // One object per call would be 800,000 bytes at least.
    expect(Math.min(...grown.map(Math.abs))).toBeLessThan(200_000);
  });
});

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
