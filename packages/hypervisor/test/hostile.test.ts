import { DOMCTL, ERRNO, EVTCHNOP, HYPERVISOR, INTERFACE_VERSION } from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listen } from "./calls.ts";

/** A word that a hostile guest would try: small, special, or anything. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 2, arbitrary: fc.constantFrom(0x7ff0, 0x7ff4, 0x7ff5, 0xffff, 0xffffffff, 0x80000000) },
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** 144 bytes of such words; a domctl has a good version as often as not. */
const buffer = fc
  .tuple(
    fc.array(word, { minLength: 36, maxLength: 36 }),
    fc.option(fc.constantFrom(...Object.values(DOMCTL)), { nil: undefined }),
    fc.constantFrom(0, INTERFACE_VERSION["4.22"]),
    fc.integer({ min: 0, max: 144 }),
    fc.boolean(),
  )
  .map(([words, cmd, version, length, whole]) => {
    const bytes = new Uint8Array(Uint32Array.from(words).buffer);
    if (cmd !== undefined) new Uint32Array(bytes.buffer).set([cmd, version]);
    return bytes.subarray(0, whole ? 144 : length);
  });

const call = fc.record({
  op: fc.constantFrom(...Object.values(HYPERVISOR)),
  cmd: fc.integer({ min: -1, max: 12 }),
  buffer: fc.option(buffer, { nil: undefined }),
});

/** Everything of the host but the guest itself. */
const othersOf = (host: Hypervisor, guest: number): unknown => {
  const { domains, changed, ...rest } = host.dump();
  return {
    ...rest,
    mappings: rest.mappings.filter(({ mapper }) => mapper !== guest),
    nextHandle: 0,
    domains: domains.filter(({ domid }) => domid !== guest),
    changed: changed?.filter((domid) => domid !== guest),
  };
};

describe("a hostile guest", () => {
  test("gets an errno or acts upon itself, whatever it sends; no other domain changes and nothing throws", () => {
    const seen = new Set<number>();
    fc.assert(
      fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
        const host = createHypervisor();
        listen(host);
        const guest = host.createDomain();
        const other = host.createDomain();
        host.eventChannels(other).allocUnbound(0);
        host.ringPage(other);
        const before = othersOf(host, guest);
        for (const { op, cmd, buffer: bytes } of calls) {
          const result = host.hypercall(guest, op, bytes, cmd);
          if (op !== HYPERVISOR.xenVersion) expect(result).toBeLessThanOrEqual(0);
          seen.add(result);
        }
        // Its own shutdown is told to who listens: that is an event, and no change to the listener.
        expect(othersOf(host, guest)).toEqual(before);
      }),
      { numRuns: 300 },
    );
    // The calls were good enough to get somewhere.
    for (const errno of [0, ERRNO.EPERM, ERRNO.EACCES, ERRNO.EFAULT, ERRNO.EINVAL]) {
      expect([...seen].map(Math.abs)).toContain(errno);
    }
  });

  test("that fills its own ports is told so and nobody else is", () => {
    const host = createHypervisor({ limits: { eventPorts: 50 } });
    const guest = host.createDomain();
    const bind = (): number =>
      host.hypercall(guest, HYPERVISOR.eventChannelOp, new Uint8Array(8), EVTCHNOP.bindIpi);
    for (let port = 1; port <= 50; port += 1) expect(bind()).toBe(0);
    expect(bind()).toBe(-ERRNO.ENOSPC);
    listen(host);
  });
});
