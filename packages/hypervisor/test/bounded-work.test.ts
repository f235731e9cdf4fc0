import { DOMCTL, DOMID, HYPERVISOR, writeRequest } from "@xenkit/abi";
import { createHypervisor, defaultPolicy } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { begin, carryOut, domctl, drain, listen, query } from "./calls.ts";

/** How often the policy is asked and how many steps are taken, by one thing. */
const costOf = (
  domains: number,
  act: (host: ReturnType<typeof createHypervisor>) => void,
): { asked: number; steps: number } => {
  let asked = 0;
  const host = createHypervisor({
    policy: (caller, action, target) => {
      asked += 1;
      return defaultPolicy(caller, action, target);
    },
  });
  listen(host);
  for (let made = 0; made < domains; made += 1) host.createDomain();
  drain(host);
  const bytes = new Uint8Array(144);
  asked = 0;
  act(host);
  const cost = { asked, steps: 0 };
  // And step by step.
  for (const call of [begin.shutdown(host, 7), begin.drain(host, bytes), begin.destroy(host, 7)]) {
    cost.steps += carryOut(call).length;
  }
  return cost;
};

describe("work does not grow with the number of domains", () => {
  test.each([
    {
      name: "a drain of nothing",
      act: (host: ReturnType<typeof createHypervisor>) => query(host, 0, DOMID.invalid),
    },
    {
      name: "to learn one change",
      act: (host: ReturnType<typeof createHypervisor>) => {
        host.shutdownDomain(5);
        drain(host);
      },
    },
    {
      name: "to ask about one domain",
      act: (host: ReturnType<typeof createHypervisor>) => query(host, 0, 5),
    },
    {
      name: "to destroy one domain",
      act: (host: ReturnType<typeof createHypervisor>) => host.destroyDomain(5),
    },
  ])("$name", ({ act }) => {
    expect(costOf(3000, act)).toEqual(costOf(10, act));
  });

  test("learning one change asks the policy three times: the answer, and the empty drain after it", () => {
    const { asked } = costOf(1000, (host) => {
      host.shutdownDomain(5);
      drain(host);
    });
    expect(asked).toBe(3);
  });
});

describe("what a hostile guest cannot do", () => {
  test("nothing it sends changes what others see", () => {
    const host = createHypervisor();
    listen(host);
    const guest = host.createDomain();
    host.createDomain();
    const before = [host.domains(), host.changedCount];
    const bytes = new Uint8Array(144);
    for (let cmd = 0; cmd < 100; cmd += 1) {
      for (const domid of [0, guest, 2, 77, DOMID.self, DOMID.invalid, DOMID.any, 0xffff]) {
        expect(domctl(host, guest, cmd, domid, 1)).toBeLessThan(0);
      }
    }
    writeRequest(bytes, 0);
    for (let length = 0; length <= 144; length += 1) {
      expect(host.hypercall(guest, HYPERVISOR.domctl, bytes.subarray(0, length))).toBeLessThan(0);
    }
    for (let op = -1; op < 64; op += 1) {
      for (let cmd = -1; cmd < 16; cmd += 1) {
        if (op === HYPERVISOR.schedOp || op === HYPERVISOR.eventChannelOp) continue;
        host.hypercall(guest, op, new Uint8Array(32).fill(0xff), cmd);
      }
    }
    for (let cmd = -1; cmd < 16; cmd += 1) {
      host.hypercall(guest, HYPERVISOR.eventChannelOp, new Uint8Array(32).fill(0xff), cmd);
      host.hypercall(guest, HYPERVISOR.eventChannelOp, new Uint8Array(32), cmd);
    }
    expect([host.domains(), host.changedCount]).toEqual(before);
  });

  test("its zombie costs it no more than it had: a dead domain has no ports, pages or grants", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    host.ringPage(guest);
    host.eventChannels(guest).bindIpi();
    host.holdReference(guest);
    host.destroyDomain(guest);
    const record = host.dump().domains.find(({ domid }) => domid === guest);
    expect(record).toMatchObject({ ports: [], pending: [], pages: [], grants: [] });
    expect(() => host.eventChannels(guest).bindIpi()).toThrow("ESRCH");
    expect(() => host.ringPage(guest)).toThrow("EINVAL");
    expect(domctl(host, 0, DOMCTL.maxVcpus, guest, 1)).toBeLessThan(0);
  });
});
