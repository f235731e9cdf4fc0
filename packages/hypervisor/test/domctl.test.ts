import {
  CAPS,
  CDF,
  createDomain,
  DOMCTL,
  DOMCTL_PAYLOAD_OFFSET,
  DOMID,
  DOMINF,
  ERRNO,
  getDomainInfo,
  HYPERVISOR,
  SCHEDOP,
} from "@xenkit/abi";
import {
  createHypervisor,
  createRequest,
  defaultPolicy,
  type Hypervisor,
  isHypervisorError,
} from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { create, createBytes, domctl, domctlBytes, hexOf, shutdown } from "./calls.ts";

describe("createdomain", () => {
  test.each([
    { name: "a PV domain", flags: 0, kept: CDF.oosOff },
    { name: "a PV Xenstore domain", flags: CDF.xsDomain, kept: CDF.xsDomain | CDF.oosOff },
    { name: "a PVH domain", flags: CDF.hvm | CDF.hap, kept: CDF.hvm | CDF.hap },
  ])(
    "writes the request of $name back, with domid and sanitised flags and nothing else",
    ({ flags, kept }) => {
      const host = createHypervisor();
      const bytes = createBytes(host, DOMID.any, { flags });
      bytes.fill(0xa5, DOMCTL_PAYLOAD_OFFSET + createDomain["4.22"].size);
      const wanted = bytes.slice();
      wanted[8] = 1;
      wanted[9] = 0;
      wanted[DOMCTL_PAYLOAD_OFFSET + 20] = kept;
      expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
      expect(hexOf(bytes)).toBe(hexOf(wanted));
      expect(host.domain(1)).toMatchObject({
        caps: flags & CDF.xsDomain ? CAPS.xenstore : 0,
        vcpus: 0,
      });
    },
  );

  test.each([
    { why: "unknown flags", config: { flags: 0x40000000 } },
    { why: "paging without hardware assistance", config: { flags: CDF.hap } },
    { why: "nesting without paging", config: { flags: CDF.hvm | CDF.nestedVirt } },
    { why: "IOMMU options without an IOMMU", config: { iommuOpts: 1 } },
    { why: "no vCPU", config: { maxVcpus: 0 } },
    { why: "too many vCPUs", config: { maxVcpus: 513 } },
  ])("refuses $why", ({ config }) => {
    expect(create(createHypervisor(), DOMID.any, config)).toBe(-ERRNO.EINVAL);
  });

  test.each([
    { why: "nesting with paging", config: { flags: CDF.hvm | CDF.hap | CDF.nestedVirt } },
    { why: "IOMMU options with an IOMMU", config: { flags: CDF.iommu, iommuOpts: 1 } },
    { why: "as many vCPUs as there may be", config: { maxVcpus: 512 } },
  ])("takes $why", ({ config }) => {
    expect(create(createHypervisor(), DOMID.any, config)).toBe(1);
  });

  test("has a request for a PVH guest of one vCPU when nothing is said", () => {
    expect(createRequest()).toEqual({
      ssidref: 0,
      handle: new Uint8Array(16),
      flags: CDF.hvm | CDF.hap,
      iommuOpts: 0,
      maxVcpus: 1,
      maxEvtchnPort: 1023,
      maxGrantFrames: -1,
      maxMaptrackFrames: -1,
      grantOpts: 1,
      altp2m: 0,
      vmtraceSize: 0,
      cpupoolId: 0,
      arch: { emulationFlags: 0, miscFlags: 0 },
    });
  });

  test("of a request for a typed domain gives that very domain, once it has its vCPUs", () => {
    const wanted = {
      flags: CDF.hvm,
      vcpus: 2,
      maxEvtchnPort: 5,
      handle: new Uint8Array(16).fill(7),
    };
    const [typed, byBytes] = [createHypervisor(), createHypervisor()];
    typed.createDomain(wanted);
    expect(create(byBytes, DOMID.any, createRequest(wanted))).toBe(1);
    expect(domctl(byBytes, 0, DOMCTL.maxVcpus, 1, 2)).toBe(0);
    expect(byBytes.dump()).toEqual(typed.dump());
  });

  test("is for control domains", () => {
    const host = createHypervisor();
    const guest = host.createDomain({ caps: CAPS.xenstore });
    expect(host.hypercall(guest, HYPERVISOR.domctl, createBytes(host, DOMID.any))).toBe(
      -ERRNO.EPERM,
    );
  });
});

describe("the unstable domctls", () => {
  test.each([
    { release: "4.21", version: 0x17 },
    { release: "4.22", version: 0x18 },
  ] as const)("want interface version $version on $release", ({ release, version }) => {
    const host = createHypervisor({ release });
    const guest = host.createDomain();
    const call = (wanted: number): number => {
      const bytes = domctlBytes(host, DOMCTL.pausedomain, guest);
      bytes[4] = wanted;
      return host.hypercall(0, HYPERVISOR.domctl, bytes);
    };
    expect([0, version - 1, version, version + 1].map(call)).toEqual([
      -ERRNO.EACCES,
      -ERRNO.EACCES,
      0,
      -ERRNO.EACCES,
    ]);
  });

  test("check version, then domain, then permission, then whether there is such an operation", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    expect(domctl(host, 0, 4711, 77)).toBe(-ERRNO.ESRCH);
    expect(domctl(host, guest, 4711, 77)).toBe(-ERRNO.EPERM);
    expect(domctl(host, guest, 4711, 0)).toBe(-ERRNO.EPERM);
    expect(domctl(host, 0, 4711, 0)).toBe(-ERRNO.ENOSYS);
  });

  test.each([DOMCTL.pausedomain, DOMCTL.resumedomain, DOMCTL.maxVcpus, DOMCTL.destroydomain])(
    "%s is nothing that a domain does to itself",
    (cmd) => {
      expect(domctl(createHypervisor(), 0, cmd, 0, 1)).toBe(-ERRNO.EINVAL);
    },
  );

  test("pauses add up, and unpausing what runs is EINVAL", () => {
    const host = createHypervisor();
    host.createDomain();
    const pause = (): number => domctl(host, 0, DOMCTL.pausedomain, 1);
    const unpause = (): number => domctl(host, 0, DOMCTL.unpausedomain, 1);
    expect([pause(), unpause(), unpause(), unpause()]).toEqual([0, 0, 0, -ERRNO.EINVAL]);
    for (let count = 0; count < 255; count += 1) expect(pause()).toBe(0);
    expect(pause()).toBe(-ERRNO.EOVERFLOW);
  });

  test("max_vcpus makes the vCPUs that the domain was created with, and no other number", () => {
    const host = createHypervisor();
    create(host, 1, { maxVcpus: 2 });
    expect(() => host.eventChannels(1).bindIpi(0)).toThrow("ENOENT");
    expect(domctl(host, 0, DOMCTL.maxVcpus, 1, 1)).toBe(-ERRNO.EINVAL);
    expect(domctl(host, 0, DOMCTL.maxVcpus, 1, 2)).toBe(0);
    expect(host.eventChannels(1).bindIpi(1)).toBe(1);
  });

  test("max_mem takes all 64 bits, and getdomaininfo tells whole pages of them", () => {
    const host = createHypervisor();
    host.createDomain();
    for (const [low, high] of [
      [0x81020304, 0x00050607],
      [0x00800000, 0],
      [0, 0x01000000],
      [3, 0],
    ] as const) {
      expect(domctl(host, 0, DOMCTL.maxMem, 1, low, high)).toBe(0);
      const bytes = domctlBytes(host, DOMCTL.getdomaininfo, 1);
      host.hypercall(0, HYPERVISOR.domctl, bytes);
      expect(getDomainInfo["4.22"].decode(bytes, DOMCTL_PAYLOAD_OFFSET).maxPages).toBe(
        ((BigInt(high) << 32n) | BigInt(low)) >> 2n,
      );
    }
  });

  test("set_target makes a device model once, and not of itself", () => {
    const host = createHypervisor();
    for (let domid = 1; domid <= 3; domid += 1) host.createDomain();
    expect(domctl(host, 0, DOMCTL.setTarget, 1, 1)).toBe(-ERRNO.EINVAL);
    expect(domctl(host, 0, DOMCTL.setTarget, 1, 77)).toBe(-ERRNO.ESRCH);
    expect(domctl(host, 0, DOMCTL.setTarget, 1, 2)).toBe(0);
    expect(domctl(host, 0, DOMCTL.setTarget, 1, 3)).toBe(-ERRNO.EINVAL);
    expect(host.domain(1)?.target).toBe(2);
    expect(shutdown(host, 1, 2)).toBe(0);
    expect(shutdown(host, 1, 3)).toBe(-ERRNO.EPERM);
  });

  test("set_target makes no device model of one that has a device model's target", () => {
    const host = createHypervisor();
    for (let domid = 1; domid <= 3; domid += 1) host.createDomain();
    host.setTarget(1, 2);
    expect(domctl(host, 0, DOMCTL.setTarget, 3, 1)).toBe(-ERRNO.EINVAL);
    expect(domctl(host, 0, DOMCTL.setTarget, 3, 2)).toBe(0);
  });

  test.each([1, 2])("set_target is for two that live: EINVAL while domain %d is dying", (dying) => {
    const host = createHypervisor({ teardownSteps: 1 });
    for (let domid = 1; domid <= 2; domid += 1) host.createDomain();
    host.destroyStep(dying);
    expect(domctl(host, 0, DOMCTL.setTarget, 1, 2)).toBe(-ERRNO.EINVAL);
  });
});

describe("getdomaininfo", () => {
  const info = (host: Hypervisor, domid: number): { domid: number; flags: number } | number => {
    const bytes = domctlBytes(host, DOMCTL.getdomaininfo, domid);
    const result = host.hypercall(0, HYPERVISOR.domctl, bytes);
    if (result !== 0) return result;
    const { domain, flags } = getDomainInfo[host.release].decode(bytes, DOMCTL_PAYLOAD_OFFSET);
    expect(new DataView(bytes.buffer).getUint16(8, true)).toBe(domain);
    return { domid: domain, flags };
  };

  test("of a domain without vCPUs is neither running nor of any kind", () => {
    const host = createHypervisor();
    create(host, 1);
    host.unpauseDomain(1);
    expect(info(host, 1)).toEqual({ domid: 1, flags: 0 });
    const bytes = domctlBytes(host, DOMCTL.getdomaininfo, 1);
    host.hypercall(0, HYPERVISOR.domctl, bytes);
    expect(getDomainInfo["4.22"].decode(bytes, DOMCTL_PAYLOAD_OFFSET)).toMatchObject({
      nrOnlineVcpus: 0,
      maxVcpuId: 2 ** 32 - 1,
    });
  });

  test("asks the policy about the domain, too", () => {
    const host = createHypervisor({
      policy: (caller, action, target) =>
        target.domid !== 1 && defaultPolicy(caller, action, target),
    });
    host.createDomain();
    host.createDomain();
    expect([info(host, 1), info(host, 2)]).toMatchObject([-ERRNO.EPERM, { domid: 2 }]);
  });

  test("lists domains on 4.21: each call answers about the first at or after the domid", () => {
    const host = createHypervisor({ release: "4.21" });
    for (const domid of [4, 5, 9]) host.createDomain({ domid });
    const found: number[] = [];
    for (let next = 0; ; ) {
      const answer = info(host, next);
      if (typeof answer === "number") break;
      found.push(answer.domid);
      next = answer.domid + 1;
    }
    expect(found).toEqual([0, 4, 5, 9]);
  });

  test("from 4.22 is about exactly this domain", () => {
    const host = createHypervisor();
    host.createDomain({ domid: 5 });
    expect(info(host, 4)).toBe(-ERRNO.ESRCH);
    expect(info(host, 5)).toMatchObject({ domid: 5 });
  });

  test("says what get_domain_state says, the old way", () => {
    const host = createHypervisor();
    host.createDomain({ flags: CDF.hvm | CDF.hap | CDF.xsDomain });
    const kind = DOMINF.hvmGuest | DOMINF.hap | DOMINF.xsDomain;
    expect(info(host, 1)).toEqual({ domid: 1, flags: kind | DOMINF.paused });
    host.unpauseDomain(1);
    expect(info(host, 1)).toEqual({ domid: 1, flags: kind | DOMINF.running });
    host.shutdownDomain(1, 3);
    expect(info(host, 1)).toEqual({ domid: 1, flags: kind | DOMINF.shutdown | (3 << 16) });
    host.holdReference(1);
    host.destroyDomain(1);
    expect(info(host, 1)).toEqual({
      domid: 1,
      flags: kind | DOMINF.shutdown | DOMINF.dying | (3 << 16),
    });
  });

  test.each(["4.21", "4.22"] as const)(
    "has every field where the struct of %s has it",
    (release) => {
      const host = createHypervisor({ release });
      const handle = Uint8Array.from({ length: 16 }, (_, at) => 0xf0 - 11 * at);
      create(host, 9, { flags: CDF.hvm, ssidref: 0x01020304, maxVcpus: 3, handle });
      // 2^33 + 5 pages, and a bit: a whole 64-bit number of KiB.
      expect(domctl(host, 0, DOMCTL.maxMem, 9, 22, 8)).toBe(0);
      expect(domctl(host, 0, DOMCTL.maxVcpus, 9, 3)).toBe(0);
      const bytes = domctlBytes(host, DOMCTL.getdomaininfo, 9);
      bytes.fill(0xa5, DOMCTL_PAYLOAD_OFFSET);
      expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
      const codec = getDomainInfo[release];
      expect(codec.decode(bytes, DOMCTL_PAYLOAD_OFFSET)).toEqual({
        domain: 9,
        pad1: 0,
        flags: DOMINF.hvmGuest | DOMINF.paused,
        totPages: 0n,
        maxPages: 2n ** 33n + 5n,
        outstandingPages: 0n,
        shrPages: 0n,
        pagedPages: 0n,
        sharedInfoFrame: 2n ** 64n - 1n,
        cpuTime: 0n,
        nrOnlineVcpus: 3,
        maxVcpuId: 2,
        ssidref: 0x01020304,
        handle,
        cpupool: 0,
        gpaddrBits: 0,
        pad2: new Uint8Array(7),
        archConfig: { emulationFlags: 0, miscFlags: 0 },
      });
      expect(new Set(bytes.subarray(DOMCTL_PAYLOAD_OFFSET + codec.size))).toEqual(new Set([0xa5]));
    },
  );

  test("is for control domains and the Xenstore domain", () => {
    const host = createHypervisor();
    const store = host.createDomain({ caps: CAPS.xenstore });
    expect(domctl(host, store, DOMCTL.getdomaininfo, 0)).toBe(0);
  });
});

describe("the interface version", () => {
  test("of a release to come can be had, and then no other will do", () => {
    const host = createHypervisor({ interfaceVersion: 0x19 });
    const bytes = domctlBytes(host, DOMCTL.createdomain, DOMID.any);
    bytes.set(createBytes(host, DOMID.any));
    expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(-ERRNO.EACCES);
    bytes[4] = 0x19;
    expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
  });

  test("can have all 32 bits", () => {
    const host = createHypervisor({ interfaceVersion: 0xffff_ffff });
    const bytes = createBytes(host, DOMID.any);
    bytes.fill(0xff, 4, 8);
    expect(host.hypercall(0, HYPERVISOR.domctl, bytes)).toBe(0);
  });

  test.each([0, -1, 1.5, 2 ** 32, Number.NaN])("is not %s", (interfaceVersion) => {
    expect(() => createHypervisor({ interfaceVersion })).toThrow(
      expect.objectContaining({ code: "bad-option" }),
    );
  });
});

describe("the other hypercalls", () => {
  test("remote_shutdown knows unknown domains, itself and who may not", () => {
    const host = createHypervisor();
    const guest = host.createDomain();
    expect(shutdown(host, 0, 77)).toBe(-ERRNO.ESRCH);
    expect(shutdown(host, guest, 77)).toBe(-ERRNO.ESRCH);
    expect(shutdown(host, guest, 0)).toBe(-ERRNO.EPERM);
    expect(shutdown(host, 0, 0)).toBe(-ERRNO.EPERM);
    expect(shutdown(host, 0, DOMID.self)).toBe(-ERRNO.EPERM);
    expect(host.hypercall(0, HYPERVISOR.schedOp, undefined, SCHEDOP.remoteShutdown)).toBe(
      -ERRNO.EFAULT,
    );
    expect(host.hypercall(0, HYPERVISOR.schedOp, undefined, SCHEDOP.yield)).toBe(0);
    expect(host.hypercall(0, HYPERVISOR.schedOp, undefined, SCHEDOP.poll)).toBe(-ERRNO.ENOSYS);
  });

  test.each([SCHEDOP.shutdown, SCHEDOP.remoteShutdown])(
    "sched_op %s in a buffer that is too short is EFAULT and shuts nobody down",
    (cmd) => {
      const host = createHypervisor();
      const guest = host.createDomain({ caps: CAPS.control });
      const bytes = new Uint8Array(cmd === SCHEDOP.shutdown ? 3 : 7);
      bytes[0] = guest;
      expect(host.hypercall(guest, HYPERVISOR.schedOp, bytes, cmd)).toBe(-ERRNO.EFAULT);
      expect(host.domain(guest)?.shutdownReason).toBeUndefined();
    },
  );

  test("xen_version says which release this is", () => {
    const host = createHypervisor({ release: "4.21" });
    expect(host.hypercall(0, HYPERVISOR.xenVersion, undefined, 0)).toBe((4 << 16) | 21);
    // A command that is left out is 0.
    expect(host.hypercall(0, HYPERVISOR.xenVersion, undefined)).toBe((4 << 16) | 21);
    expect(host.hypercall(0, HYPERVISOR.xenVersion, undefined, 1)).toBe(-ERRNO.ENOSYS);
  });

  test("a hypercall that is not there is ENOSYS, a caller that is not there or dying ESRCH", () => {
    const host = createHypervisor();
    expect(host.hypercall(0, 0, undefined)).toBe(-ERRNO.ENOSYS);
    for (const caller of [-1, 1, 0.5, 0x7ff2, 0xffff, Number.NaN]) {
      expect(host.hypercall(caller, HYPERVISOR.domctl, new Uint8Array(144))).toBe(-ERRNO.ESRCH);
    }
    const guest = host.createDomain();
    host.holdReference(guest);
    host.destroyDomain(guest);
    expect(host.hypercall(guest, HYPERVISOR.domctl, new Uint8Array(144))).toBe(-ERRNO.ESRCH);
  });
});

describe("errors and options", () => {
  test("a typed operation throws the errno of the hypercall, with its name and who said it", () => {
    const host = createHypervisor();
    let caught: unknown;
    try {
      host.destroyDomain(77);
    } catch (error) {
      caught = error;
    }
    if (!isHypervisorError(caught, "errno")) throw new Error("no HypervisorError");
    expect(caught.details).toEqual({
      operation: "destroydomain",
      errno: ERRNO.ESRCH,
      name: "ESRCH",
    });
    expect(caught.message).toBe("errno (operation: destroydomain, errno: 3, name: ESRCH)");
    expect([
      isHypervisorError(caught),
      isHypervisorError(caught, "bad-option"),
      isHypervisorError(new Error()),
    ]).toEqual([true, false, false]);
  });

  test.each([
    { limits: { domains: 0 } },
    { limits: { eventPorts: 131_072 } },
    { limits: { guestPages: 1.5 } },
    { dom0Vcpus: 0 },
    { teardownSteps: -1 },
    { release: "4.20" as "4.21" },
  ])("%j are no options", (options) => {
    expect(() => createHypervisor(options)).toThrow(
      expect.objectContaining({ code: "bad-option" }),
    );
  });

  test("there is one hardware domain", () => {
    expect(() => createHypervisor().createDomain({ caps: CAPS.hardware })).toThrow("EBUSY");
    const host = createHypervisor({ dom0Vcpus: false });
    host.createDomain({ caps: CAPS.control | CAPS.hardware });
    expect(host.eventChannels(1).bindVirq(3)).toBe(1);
  });
});
