import { CAPS, CDF, DOMID, ERRNO, VIRQ } from "@xenkit/abi";
import {
  createHypervisor,
  DEFAULT_LIMITS,
  GNTREF,
  type Hypervisor,
  type HypervisorOptions,
} from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { create } from "./calls.ts";
import { withValue } from "./states.ts";

/** What a typed operation throws. */
const refusalOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
};

const LAST_ID = 2n ** 64n - 1n;

const RW = { grantee: 0, gfn: 1, access: "read-write" } as const;

/** Domain 1 is alive, 2 a zombie; there are two ports, two guest pages and two mappings at most. */
const host = (): Hypervisor => {
  const made = createHypervisor({
    limits: { eventPorts: 2, guestPages: 2, mappings: 2, domains: 4 },
  });
  made.createDomain({ maxEvtchnPort: 2 });
  made.createDomain({ caps: CAPS.control });
  made.holdReference(2);
  made.destroyDomain(2);
  return made;
};

const ports = ({ eventChannels }: Hypervisor) => eventChannels(1);

/** A domain whose grant table has no frame. */
const withoutGrants = (xen: Hypervisor): number =>
  create(xen, DOMID.any, { flags: CDF.hvm, maxGrantFrames: 0 });

const fill = (xen: Hypervisor): Hypervisor => {
  for (const domid of [0, 1]) {
    for (let port = 1; port <= 2; port += 1) xen.eventChannels(domid).bindIpi();
  }
  return xen;
};

/** Uses up the pages of domain 1. @returns The frame of one more. */
const fillPages = (xen: Hypervisor): number => {
  for (let gfn = 1; gfn <= 2; gfn += 1) xen.guestPage(1, gfn);
  return 3;
};

/** Domain 1 has granted a page for its ring that was never made, and has no room for it. */
const grantedAway = (xen: Hypervisor): Hypervisor => {
  const grants = [[GNTREF.xenstore, { ...RW, gfn: fillPages(xen) }]];
  xen.load(withValue(xen.dump(), ["domains", 1, "grants"], grants));
  return xen;
};

describe("a typed operation that is refused says which it was, and the errno of the hypercall", () => {
  const cases: [string, keyof typeof ERRNO, (xen: Hypervisor) => unknown][] = [
    ["createdomain", "EEXIST", (xen) => xen.createDomain({ domid: 1 })],
    ["createdomain", "EBUSY", (xen) => xen.createDomain({ caps: 2 })],
    ["createdomain", "EINVAL", (xen) => xen.createDomain({ vcpus: 0 })],
    ...[-1, 1.5, Number.NaN, 2 ** 32].flatMap((value) =>
      (["domid", "flags", "caps", "vcpus", "maxEvtchnPort", "teardownSteps"] as const).map(
        (field): [string, "EINVAL", (xen: Hypervisor) => unknown] => [
          "createdomain",
          "EINVAL",
          (xen) => xen.createDomain({ [field]: value }),
        ],
      ),
    ),
    ["createdomain", "EINVAL", (xen) => xen.createDomain({ handle: new Uint8Array(15) })],
    ["createdomain", "ENOSPC", () => createHypervisor({ firstUniqueId: LAST_ID }).createDomain()],
    ["pausedomain", "ESRCH", (xen) => xen.pauseDomain(9)],
    ["unpausedomain", "ESRCH", (xen) => xen.unpauseDomain(9)],
    ["remote_shutdown", "ESRCH", (xen) => xen.shutdownDomain(9)],
    ["resumedomain", "ESRCH", (xen) => xen.resumeDomain(9)],
    ["destroydomain", "ESRCH", (xen) => xen.destroyDomain(9)],
    ["destroydomain", "EINVAL", (xen) => xen.destroyDomain(0)],
    ["teardown_steps", "ESRCH", (xen) => xen.setTeardownSteps(9, 1)],
    ["teardown_steps", "EINVAL", (xen) => xen.setTeardownSteps(1, -1)],
    ["set_target", "ESRCH", (xen) => xen.setTarget(9, 1)],
    ["set_target", "ESRCH", (xen) => xen.setTarget(1, 9)],
    ["set_target", "EINVAL", (xen) => xen.setTarget(1, 1)],
    ["set_virq_handler", "ESRCH", (xen) => xen.setVirqHandler(9)],
    ["set_virq_handler", "EINVAL", (xen) => xen.setVirqHandler(2)],
    ["set_virq_handler", "EINVAL", (xen) => xen.setVirqHandler(1, 24)],
    ["raise_virq", "ESRCH", (xen) => xen.raiseVirq(9, VIRQ.timer)],
    ["hold_reference", "ESRCH", (xen) => xen.holdReference(9)],
    ["release_reference", "ESRCH", (xen) => xen.releaseReference(9)],
    ["release_reference", "EINVAL", (xen) => xen.releaseReference(1)],
    ["event_channels", "ESRCH", (xen) => xen.eventChannels(9)],
    ["alloc_unbound", "ESRCH", (xen) => xen.eventChannels(2).allocUnbound(0)],
    ["alloc_unbound", "EINVAL", (xen) => ports(xen).allocUnbound(-1)],
    ["alloc_unbound", "EINVAL", (xen) => ports(xen).allocUnbound(0x1_0000)],
    ["alloc_unbound", "ENOSPC", (xen) => ports(fill(xen)).allocUnbound(0)],
    ["bind_interdomain", "ESRCH", (xen) => xen.eventChannels(2).bindInterdomain(0, 1)],
    ["bind_interdomain", "ESRCH", (xen) => ports(xen).bindInterdomain(9, 1)],
    ["bind_interdomain", "EINVAL", (xen) => ports(xen).bindInterdomain(0, 1)],
    ["bind_virq", "ESRCH", (xen) => xen.eventChannels(2).bindVirq(VIRQ.timer)],
    ["bind_virq", "EINVAL", (xen) => ports(xen).bindVirq(24)],
    ["bind_virq", "EINVAL", (xen) => ports(xen).bindVirq(-1)],
    ["bind_virq", "EINVAL", (xen) => ports(xen).bindVirq(1.5)],
    ["bind_virq", "EINVAL", (xen) => ports(xen).bindVirq(Number.NaN)],
    ["bind_virq", "ENOENT", (xen) => ports(xen).bindVirq(VIRQ.timer, -1)],
    ["bind_virq", "ENOENT", (xen) => ports(xen).bindVirq(VIRQ.timer, 0.5)],
    ["bind_virq", "ENOENT", (xen) => ports(xen).bindVirq(VIRQ.timer, 1)],
    ["bind_virq", "EBUSY", (xen) => ports(xen).bindVirq(VIRQ.domExc)],
    ["bind_ipi", "ESRCH", (xen) => xen.eventChannels(2).bindIpi()],
    ["bind_ipi", "ENOENT", (xen) => ports(xen).bindIpi(1)],
    ["bind_ipi", "ENOENT", (xen) => ports(xen).bindIpi(Number.NaN)],
    ["bind_ipi", "ENOSPC", (xen) => ports(fill(xen)).bindIpi()],
    ["send", "ESRCH", (xen) => xen.eventChannels(2).notify(1)],
    ["send", "EINVAL", (xen) => ports(xen).notify(1)],
    ["close", "ESRCH", (xen) => xen.eventChannels(2).close(1)],
    ["close", "EINVAL", (xen) => ports(xen).close(1)],
    ["reset", "ESRCH", (xen) => xen.eventChannels(2).reset()],
    ["mask", "ESRCH", (xen) => xen.eventChannels(2).mask(1)],
    ["mask", "EINVAL", (xen) => ports(xen).mask(1)],
    ["unmask", "ESRCH", (xen) => xen.eventChannels(2).unmask(1)],
    ["unmask", "EINVAL", (xen) => ports(xen).unmask(1)],
    ["is_pending", "ESRCH", (xen) => xen.eventChannels(2).isPending(1)],
    ["clear_pending", "ESRCH", (xen) => xen.eventChannels(2).clearPending(1)],
    ["pending", "ESRCH", (xen) => xen.eventChannels(2).pending()],
    ["status", "ESRCH", (xen) => xen.eventChannels(2).status(1)],
    ["count", "ESRCH", (xen) => xen.eventChannels(2).count],
    ["on_event", "ESRCH", (xen) => xen.eventChannels(2).onEvent(() => {})],
    ["on_port", "ESRCH", (xen) => xen.eventChannels(2).onPort(1, () => {})],
    ["on_port", "EINVAL", (xen) => ports(xen).onPort(1, () => {})],
    ["guest_page", "ESRCH", (xen) => xen.guestPage(9, 1)],
    ["guest_page", "EINVAL", (xen) => xen.guestPage(2, 1)],
    ["guest_page", "EINVAL", (xen) => xen.guestPage(1, -1)],
    ["guest_page", "ENOMEM", (xen) => xen.guestPage(1, fillPages(xen))],
    ["ring_page", "ESRCH", (xen) => xen.ringPage(9)],
    ["ring_page", "EINVAL", (xen) => xen.ringPage(2)],
    ["ring_page", "EINVAL", (xen) => xen.ringPage(withoutGrants(xen))],
    ["ring_page", "ENOMEM", (xen) => [fillPages(xen), xen.ringPage(1)]],
    ["grant_access", "ESRCH", (xen) => xen.grantAccess(9, 1, RW)],
    ["grant_access", "EINVAL", (xen) => xen.grantAccess(1, -1, RW)],
    ["grant_access", "EINVAL", (xen) => xen.grantAccess(1, 1, { ...RW, grantee: -1 })],
    ["grant_access", "ENOMEM", (xen) => xen.grantAccess(1, 1, { ...RW, gfn: fillPages(xen) })],
    ["ring_page", "ENOMEM", (xen) => grantedAway(xen).ringPage(1)],
    ["revoke_grant", "ESRCH", (xen) => xen.revokeGrant(9, 1)],
    ["revoke_grant", "ENOENT", (xen) => xen.revokeGrant(1, 1)],
    ["map_grant", "ESRCH", (xen) => xen.mapGrant(0, 9, 1)],
    ["map_grant", "ESRCH", (xen) => xen.mapGrant(9, 1, 1)],
    ["map_grant", "ENOENT", (xen) => xen.mapGrant(0, 1, 1)],
    ["map_foreign", "ESRCH", (xen) => xen.mapForeignPage(9, 1, 1)],
    ["map_foreign", "ESRCH", (xen) => xen.mapForeignPage(0, 9, 1)],
    ["map_foreign", "EINVAL", (xen) => xen.mapForeignPage(0, 1, -1)],
    ["map_foreign", "EINVAL", (xen) => xen.mapForeignPage(0, 2, 1)],
    ["map_foreign", "ENOMEM", (xen) => xen.mapForeignPage(0, 1, fillPages(xen))],
    ["map_foreign", "EPERM", (xen) => xen.mapForeignPage(1, 0, 1)],
    ["map_foreign", "EINVAL", (xen) => xen.mapForeignPage(2, 1, 1)],
    ["map_foreign", "ENOSPC", (xen) => [1, 1, 1].map(() => xen.mapForeignPage(0, 1, 1))],
    ["mapped_page", "EINVAL", (xen) => xen.mappedPage(1)],
    ["unmap", "EINVAL", (xen) => xen.unmap(1)],
  ];

  test.each(cases)("%s: %s", (operation, name, act) => {
    const xen = host();
    expect(refusalOf(() => act(xen))).toMatchObject({
      name: "HypervisorError",
      code: "errno",
      details: { operation, errno: ERRNO[name], name },
    });
  });
});

/** Options as a caller without types writes them. */
const untyped = (options: object): HypervisorOptions => options;

test("a guest whose ring page was refused has not granted it", () => {
  const xen = host();
  fillPages(xen);
  expect(() => xen.ringPage(1)).toThrow("ENOMEM");
  expect(() => xen.revokeGrant(1, GNTREF.xenstore)).toThrow("ENOENT");
});

describe("an option that is no option is named, with what it may be", () => {
  const cases: [string, string, HypervisorOptions][] = [
    ["dom0Vcpus", "0 is not from 1 to 512", { dom0Vcpus: 0 }],
    ["dom0Vcpus", "513 is not from 1 to 512", { dom0Vcpus: 513 }],
    ["dom0Vcpus", "1.5 is not from 1 to 512", { dom0Vcpus: 1.5 }],
    ["teardownSteps", "-1 is not from 0 to 65535", { teardownSteps: -1 }],
    ["teardownSteps", "0.5 is not from 0 to 65535", { teardownSteps: 0.5 }],
    ["teardownSteps", "65536 is not from 0 to 65535", { teardownSteps: 0x1_0000 }],
    ["firstUniqueId", "0 is not a bigint from 1 to 2^64 − 1", { firstUniqueId: 0n }],
    ["firstUniqueId", "5 is not a bigint from 1 to 2^64 − 1", untyped({ firstUniqueId: 5 })],
    ["interfaceVersion", "0 is not from 1 to 2^32 − 1", { interfaceVersion: 0 }],
    ["release", "4.20 is not one of 4.21, 4.22", untyped({ release: "4.20" })],
    ["release", "constructor is not one of 4.21, 4.22", untyped({ release: "constructor" })],
    ["uniqueIds", "random is not one of sequence, xorshift", untyped({ uniqueIds: "random" })],
    ["drainOrder", "x is not one of clear-first, lookup-first", untyped({ drainOrder: "x" })],
    ["noticeOrder", "x is not one of mark-first, virq-first", untyped({ noticeOrder: "x" })],
    [
      "failedBind",
      "x is not one of keeps-recording, stops-recording",
      untyped({ failedBind: "x" }),
    ],
    ["limits.domains", "32753 is not an integer from 1 to 32752", { limits: { domains: 0x7ff1 } }],
    [
      "limits.eventPorts",
      "131072 is not an integer from 1 to 131071",
      { limits: { eventPorts: 2 ** 17 } },
    ],
    ["limits.vcpus", "8193 is not an integer from 1 to 8192", { limits: { vcpus: 8193 } }],
    [
      "limits.guestPages",
      "2097152 is not an integer from 1 to 1048576",
      { limits: { guestPages: 2 ** 21 } },
    ],
    [
      "limits.grantFrames",
      "1025 is not an integer from 1 to 1024",
      { limits: { grantFrames: 1025 } },
    ],
    ["limits.mappings", "0 is not an integer from 1 to 1048576", { limits: { mappings: 0 } }],
  ];

  test.each(cases)("%s: %s", (option, reason, options) => {
    expect(refusalOf(() => createHypervisor(options))).toMatchObject({
      code: "bad-option",
      details: { option, reason },
    });
  });

  test.each<HypervisorOptions>([
    { dom0Vcpus: 512 },
    { interfaceVersion: 1 },
    { teardownSteps: 0xffff },
    { interfaceVersion: 2 ** 32 - 1 },
    { firstUniqueId: 2n ** 64n - 1n },
    { limits: { domains: 1, eventPorts: 1, vcpus: 1, guestPages: 1, grantFrames: 1, mappings: 1 } },
    { limits: { domains: 0x7ff0, eventPorts: 131_071, vcpus: 8192, grantFrames: 1024 } },
    { limits: { guestPages: 1_048_576, mappings: 1_048_576 } },
  ])("%o is one", (options) => {
    expect(createHypervisor(options).domainCount).toBe(1);
  });
});

test("by default there may be so much", () => {
  expect(DEFAULT_LIMITS).toEqual({
    domains: 32_752,
    eventPorts: 131_071,
    vcpus: 512,
    guestPages: 4_096,
    grantFrames: 64,
    mappings: 131_072,
  });
});

test("what no hypervisor threw is no HypervisorError; a host that is down says why", () => {
  const xen = createHypervisor();
  xen.shutdownDomain(0, 3);
  expect(refusalOf(() => xen.createDomain())).toMatchObject({
    code: "host-down",
    details: { reason: 3 },
    message: "host-down (reason: 3)",
  });
});
