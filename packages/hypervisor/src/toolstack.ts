import { CAPS, CDF, type CreateDomain, ERRNO, SHUTDOWN, VIRQ } from "@xenkit/abi";
import { AUTOMATIC, createDomain } from "./create-domain.ts";
import { setTarget } from "./device-model.ts";
import type { Domain } from "./domain.ts";
import type { Enter } from "./event-channel-handle.ts";
import { setVirqHandler } from "./event-channels.ts";
import {
  destroyDomain,
  dropReference,
  holdReference,
  MAX_TEARDOWN_STEPS,
  pauseDomain,
  resumeDomain,
  shutdownDomain,
  unpauseDomain,
} from "./lifecycle.ts";
import type { Machine } from "./machine.ts";
import { errnoError, findDomain, orThrow } from "./refuse.ts";
import { sendVirq } from "./steps.ts";
import { isWhole } from "./whole.ts";

const HANDLE_BYTES = 16;

/**
 * What a domain is created with. Everything has a default; what is no integer or too wide for its
 * field is EINVAL.
 */
export interface NewDomain {
  /** This very domid, 16 bits; left out: the next automatic one. */
  readonly domid?: number;
  /** A set of `CDF` flags, 32 bits. Default: `hvm | hap`, a PVH guest. */
  readonly flags?: number;
  /**
   * A set of `CAPS` flags, 16 bits, beyond what the flags give: a control domain beside dom0, say.
   */
  readonly caps?: number;
  /** vCPUs, made at once; from 1 to the limit of the host. Default: 1. */
  readonly vcpus?: number;
  /** The highest event channel port, 32 bits. Default: 1023. */
  readonly maxEvtchnPort?: number;
  /** The UUID, 16 bytes. Default: zeroes. */
  readonly handle?: Uint8Array;
  /** How often destroydomain will ask to be called again, 16 bits. Default: as the host was made. */
  readonly teardownSteps?: number;
}

/** The widths of the fields above, as the most that they hold. */
const MOST = {
  domid: 0xffff,
  flags: 0xffff_ffff,
  caps: 0xffff,
  vcpus: 0xffff_ffff,
  maxEvtchnPort: 0xffff_ffff,
  teardownSteps: MAX_TEARDOWN_STEPS,
} as const;

/** Can a request say this? */
const isSayable = (wanted: NewDomain): boolean =>
  (Object.entries(MOST) as [keyof typeof MOST, number][]).every(([field, most]) =>
    isWhole(wanted[field] ?? 0, most),
  ) && (wanted.handle?.length ?? HANDLE_BYTES) === HANDLE_BYTES;

/**
 * What a toolstack does to domains, typed: the same code that the hypercalls reach, with the power
 * of the hypervisor itself. Everything throws a HypervisorError "errno" where the hypercall would
 * answer one.
 */
export interface Toolstack {
  /** Makes a domain, paused once. @returns Its domid. */
  createDomain(domain?: NewDomain): number;
  pauseDomain(domid: number): void;
  unpauseDomain(domid: number): void;
  /**
   * Shuts a domain down. `reason`: a SHUTDOWN_* number, default poweroff. The hardware domain takes
   * the host down with it.
   */
  shutdownDomain(domid: number, reason?: number): void;
  resumeDomain(domid: number): void;
  /**
   * Destroys a domain, all teardown steps of it. It is gone then, or a zombie while references are
   * held.
   */
  destroyDomain(domid: number): void;
  /**
   * One hypercall of a destruction. @returns True when the domain is dead, false when there is more
   * to do.
   */
  destroyStep(domid: number): boolean;
  /** How often destroydomain will ask to be called again before the domain is dead; 16 bits, else EINVAL. */
  setTeardownSteps(domid: number, steps: number): void;
  /** Makes a domain the device model of another. */
  setTarget(domid: number, target: number): void;
  /** Gives a global VIRQ to a domain. Default: VIRQ_DOM_EXC. */
  setVirqHandler(domid: number, virq?: number): void;
  /** Sends a VIRQ to a domain that has bound it. */
  raiseVirq(domid: number, virq: number, vcpu?: number): void;
  /** Keeps a domain from being freed when it is dead, until `releaseReference`. */
  holdReference(domid: number): void;
  releaseReference(domid: number): void;
}

export const toolstackOf = (machine: Machine, enter: Enter): Toolstack => {
  const find = (operation: string, domid: number) => findDomain(machine, operation, domid);
  const destroyStep = (domid: number): boolean =>
    enter(() => {
      const domain = find("destroydomain", domid);
      if (domain === machine.hardware) throw errnoError("destroydomain", -ERRNO.EINVAL);
      return destroyDomain(machine, domain) === 0;
    });
  const to =
    (operation: string, act: (domain: Domain) => number) =>
    (domid: number): void => {
      enter(() => orThrow(operation, act(find(operation, domid))));
    };
  return {
    createDomain: (wanted = {}) => enter(() => create(machine, wanted)),
    pauseDomain: to("pausedomain", pauseDomain),
    unpauseDomain: to("unpausedomain", unpauseDomain),
    shutdownDomain: (domid, reason = SHUTDOWN.poweroff) =>
      enter(() => {
        shutdownDomain(machine, find("remote_shutdown", domid), reason & 0xff);
      }),
    resumeDomain: (domid) => enter(() => resumeDomain(find("resumedomain", domid))),
    destroyDomain: (domid) => {
      while (!destroyStep(domid));
    },
    destroyStep,
    setTeardownSteps: (domid, steps) => {
      if (!isWhole(steps, MAX_TEARDOWN_STEPS)) throw errnoError("teardown_steps", -ERRNO.EINVAL);
      enter(() => {
        find("teardown_steps", domid).teardownSteps = steps;
      });
    },
    setTarget: (domid, target) =>
      to("set_target", (domain) => setTarget(domain, find("set_target", target)))(domid),
    setVirqHandler: (domid, virq = VIRQ.domExc) =>
      to("set_virq_handler", (domain) => setVirqHandler(machine, domain, virq))(domid),
    raiseVirq: (domid, virq, vcpu = 0) =>
      enter(() => sendVirq(machine, find("raise_virq", domid), virq, vcpu)),
    holdReference: to("hold_reference", (domain) => {
      holdReference(domain);
      domain.heldReferences += 1;
      return 0;
    }),
    releaseReference: to("release_reference", (domain) => {
      if (domain.heldReferences === 0) return -ERRNO.EINVAL;
      domain.heldReferences -= 1;
      return dropReference(machine, domain);
    }),
  };
};

const create = (machine: Machine, wanted: NewDomain): number => {
  if (!isSayable(wanted)) throw errnoError("createdomain", -ERRNO.EINVAL);
  const { domid = AUTOMATIC, caps = 0, vcpus = 1 } = wanted;
  // There is one hardware domain at most.
  const isHardware = (caps & CAPS.hardware) !== 0;
  if (isHardware && machine.hardware !== undefined) throw errnoError("createdomain", -ERRNO.EBUSY);
  const domain = createDomain(machine, domid, createRequest(wanted), caps);
  if (typeof domain === "number") throw errnoError("createdomain", domain);
  domain.vcpus = vcpus;
  if (wanted.teardownSteps !== undefined) domain.teardownSteps = wanted.teardownSteps;
  if (isHardware) machine.hardware = domain;
  return domain.domid;
};

/**
 * The payload of the createdomain that makes such a domain, for who makes that hypercall by bytes.
 * The domid is a field of the domctl; `caps` and `teardownSteps` are no part of a request.
 */
export const createRequest = (wanted: NewDomain = {}): CreateDomain => ({
  ssidref: 0,
  handle: wanted.handle ?? new Uint8Array(HANDLE_BYTES),
  flags: wanted.flags ?? CDF.hvm | CDF.hap,
  iommuOpts: 0,
  maxVcpus: wanted.vcpus ?? 1,
  maxEvtchnPort: wanted.maxEvtchnPort ?? 1023,
  maxGrantFrames: -1,
  maxMaptrackFrames: -1,
  grantOpts: 1,
  altp2m: 0,
  vmtraceSize: 0,
  cpupoolId: 0,
  arch: { emulationFlags: 0, miscFlags: 0 },
});
