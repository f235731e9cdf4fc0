import { CAPS, CDF, type CreateDomain, DOMID, ERRNO } from "@xenkit/abi";
import { Domain, type DomainConfig } from "./domain.ts";
import { GrantTable } from "./grants.ts";
import { GuestMemory } from "./guest-memory.ts";
import type { Machine } from "./machine.ts";
import { about, Operation, perform } from "./operation.ts";
import { PortTable } from "./port-table.ts";
import { LINK, MARK } from "./steps.ts";

/** In place of a domid: the next free one. */
export const AUTOMATIC = -1;

const KNOWN_FLAGS = Object.values(CDF).reduce((all, flag) => all | flag, 0);
const GRANTS_PER_FRAME = 512;

/**
 * Makes a domain: paused once, without vCPUs, findable at once and marked; no VIRQ tells of it.
 *
 * @param wanted - This very domid, or {@link AUTOMATIC}.
 * @param config - The configuration as sent.
 * @param caps - Capabilities beyond what the flags say.
 * @returns The new domain, or a negative errno.
 */
export const createDomain = (
  machine: Machine,
  wanted: number,
  config: CreateDomain,
  caps = 0,
): Domain | number => {
  const domid = chooseDomid(machine, wanted);
  if (domid === -1) return -ERRNO.EEXIST;
  const flags = sanitised(machine, config);
  if (flags === -1) return -ERRNO.EINVAL;
  if (machine.domids.count >= machine.limits.domains) return -ERRNO.ENOMEM;
  const { uniqueIds } = machine;
  if (!uniqueIds.next()) return -ERRNO.ENOSPC;
  const domain = makeDomain(machine, {
    domid,
    idLow: uniqueIds.low,
    idHigh: uniqueIds.high,
    caps: caps | ((flags & CDF.xsDomain) !== 0 ? CAPS.xenstore : 0),
    config: keptConfig(config, flags),
    teardownSteps: machine.teardownSteps,
  });
  machine.domids.take(domid);
  const operation = new Operation(machine);
  operation.plan(about(LINK, domain), about(MARK, domain));
  perform(machine, operation);
  return domain;
};

/** A domain with empty tables of the sizes that its configuration says, linked nowhere. */
export const makeDomain = (
  machine: Machine,
  fields: {
    readonly domid: number;
    readonly idLow: number;
    readonly idHigh: number;
    readonly caps: number;
    readonly config: DomainConfig;
    readonly teardownSteps: number;
  },
): Domain => {
  const { limits, allocatePage } = machine;
  const { maxEvtchnPort, maxGrantFrames } = fields.config;
  // Negative: the hypervisor's default.
  const frames = maxGrantFrames < 0 ? limits.grantFrames : maxGrantFrames;
  return new Domain({
    ...fields,
    ports: new PortTable(Math.min(maxEvtchnPort, limits.eventPorts)),
    grants: new GrantTable(Math.min(frames, limits.grantFrames) * GRANTS_PER_FRAME),
    memory: new GuestMemory(allocatePage, limits.guestPages),
  });
};

const chooseDomid = (machine: Machine, wanted: number): number => {
  if (wanted === AUTOMATIC) return machine.domids.next();
  if (wanted >= DOMID.firstReserved || machine.domids.isUsed(wanted)) return -1;
  return wanted;
};

/** The flags as the hypervisor keeps them, or -1 when the configuration makes no sense. */
const sanitised = (machine: Machine, config: CreateDomain): number => {
  const { flags } = config;
  const hvm = (flags & CDF.hvm) !== 0;
  if ((flags & ~KNOWN_FLAGS) !== 0) return -1;
  if ((flags & CDF.hap) !== 0 && !hvm) return -1;
  if ((flags & CDF.nestedVirt) !== 0 && (flags & CDF.hap) === 0) return -1;
  if (config.iommuOpts !== 0 && (flags & CDF.iommu) === 0) return -1;
  if (config.maxVcpus === 0 || config.maxVcpus > machine.limits.vcpus) return -1;
  return hvm ? flags : flags | CDF.oosOff;
};

const keptConfig = (config: CreateDomain, flags: number): DomainConfig => ({
  ssidref: config.ssidref,
  handle: [...config.handle].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  flags,
  maxVcpus: config.maxVcpus,
  maxEvtchnPort: config.maxEvtchnPort,
  maxGrantFrames: config.maxGrantFrames,
});
