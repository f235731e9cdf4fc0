import {
  createDomain as createDomainCodec,
  DOMCTL,
  DOMCTL_PAYLOAD_OFFSET,
  DOMCTL_SIZE,
  ERRNO,
  joinHalves,
} from "@xenkit/abi";
import { readI32, readU16, readU32, writeU16 } from "./bytes.ts";
import { AUTOMATIC, createDomain } from "./create-domain.ts";
import { setTarget } from "./device-model.ts";
import { type Domain, LIFE } from "./domain.ts";
import { writeDomainInfo } from "./domain-info.ts";
import { setVirqHandler } from "./event-channels.ts";
import { getDomainState } from "./get-domain-state.ts";
import { destroyDomain, pauseDomain, resumeDomain, unpauseDomain } from "./lifecycle.ts";
import type { Machine } from "./machine.ts";
import { unknownDomain } from "./unknown-domain.ts";

/** What is done to a domain that exists, by a caller who may. */
type Operation = (machine: Machine, domain: Domain, caller: Domain, bytes: Uint8Array) => number;

// Constants of other modules, kept in this one for the hot path.
const SIZE = DOMCTL_SIZE;
const GET_DOMAIN_STATE = DOMCTL.getDomainState;

/** Nobody does this to himself. */
const toAnother =
  (operation: Operation): Operation =>
  (machine, domain, caller, bytes) =>
    domain === caller ? -ERRNO.EINVAL : operation(machine, domain, caller, bytes);

/** The operations on one domain. A hypervisor of this emulator knows no others. */
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [
    DOMCTL.destroydomain,
    toAnother((machine, domain) =>
      domain === machine.hardware ? -ERRNO.EINVAL : destroyDomain(machine, domain),
    ),
  ],
  [DOMCTL.pausedomain, toAnother((_machine, domain) => pauseDomain(domain))],
  [DOMCTL.unpausedomain, (_machine, domain) => unpauseDomain(domain)],
  [
    DOMCTL.resumedomain,
    toAnother((_machine, domain) => {
      resumeDomain(domain);
      return 0;
    }),
  ],
  [
    DOMCTL.maxVcpus,
    toAnother((_machine, domain, _caller, bytes) => {
      // The number was settled when the domain was created: this makes the vCPUs.
      if (readU32(bytes, DOMCTL_PAYLOAD_OFFSET) !== domain.config.maxVcpus) return -ERRNO.EINVAL;
      if (domain.life !== LIFE.alive) return -ERRNO.EINVAL;
      domain.vcpus = domain.config.maxVcpus;
      return 0;
    }),
  ],
  [
    DOMCTL.maxMem,
    (_machine, domain, _caller, bytes) => {
      const low = readU32(bytes, DOMCTL_PAYLOAD_OFFSET);
      const high = readU32(bytes, DOMCTL_PAYLOAD_OFFSET + 4);
      domain.maxMemKb = joinHalves(low, high);
      return 0;
    },
  ],
  [
    DOMCTL.subscribe,
    (_machine, domain, _caller, bytes) => {
      domain.suspendPort = readI32(bytes, DOMCTL_PAYLOAD_OFFSET);
      return 0;
    },
  ],
  [
    DOMCTL.setTarget,
    (machine, domain, _caller, bytes) => {
      const target = machine.table.find(readU16(bytes, DOMCTL_PAYLOAD_OFFSET));
      return target === undefined ? -ERRNO.ESRCH : setTarget(domain, target);
    },
  ],
  [
    DOMCTL.setVirqHandler,
    (machine, domain, _caller, bytes) =>
      setVirqHandler(machine, domain, readU32(bytes, DOMCTL_PAYLOAD_OFFSET)),
  ],
]);

/**
 * domctl: the operation, the interface version and the domain are in the buffer.
 *
 * The order of the checks: EFAULT (no 144 bytes), EACCES (interface version), then for what
 * concerns a domain ESRCH or EPERM (no such domain) and EPERM (permission), and only then ENOSYS
 * (no such operation) and what the operation itself says.
 */
export const domctl = (machine: Machine, caller: Domain, bytes: Uint8Array | undefined): number => {
  if (bytes === undefined || bytes.length < SIZE) return -ERRNO.EFAULT;
  const words = machine.window.over(bytes);
  const cmd = words[0] as number;
  if (cmd === GET_DOMAIN_STATE) {
    const result = getDomainState(machine, caller, words);
    if (result === 0) machine.window.finish(bytes, words);
    return result;
  }
  return unstableDomctl(machine, caller, cmd, bytes);
};

const unstableDomctl = (
  machine: Machine,
  caller: Domain,
  cmd: number,
  bytes: Uint8Array,
): number => {
  if (readU32(bytes, 4) !== machine.profile.interfaceVersion) return -ERRNO.EACCES;
  if (cmd === DOMCTL.createdomain) return createdomain(machine, caller, bytes);
  if (cmd === DOMCTL.getdomaininfo) return getdomaininfo(machine, caller, bytes);
  const domain = machine.table.find(readU16(bytes, 8));
  if (domain === undefined) return unknownDomain(machine, caller);
  if (!machine.policy(caller, "domctl", domain)) return -ERRNO.EPERM;
  const operation = OPERATIONS.get(cmd);
  return operation === undefined ? -ERRNO.ENOSYS : operation(machine, domain, caller, bytes);
};

/** On success the request comes back with the domid and the sanitised flags filled in. */
const createdomain = (machine: Machine, caller: Domain, bytes: Uint8Array): number => {
  if (!machine.policy(caller, "domctl", machine.self)) return -ERRNO.EPERM;
  const codec = createDomainCodec[machine.profile.release];
  const config = codec.decode(bytes, DOMCTL_PAYLOAD_OFFSET);
  const domid = readU16(bytes, 8);
  const wanted = machine.profile.wantsAutomaticDomid(domid) ? AUTOMATIC : domid;
  const domain = createDomain(machine, wanted, config);
  if (typeof domain === "number") return domain;
  writeU16(bytes, 8, domain.domid);
  codec.encode({ ...config, flags: domain.config.flags }, bytes, DOMCTL_PAYLOAD_OFFSET);
  return 0;
};

const getdomaininfo = (machine: Machine, caller: Domain, bytes: Uint8Array): number => {
  // Permission first: the search below is long, and an unprivileged caller must not make us do it
  // (XSA-499).
  if (!machine.policy(caller, "getdomaininfo", machine.self)) return -ERRNO.EPERM;
  const domid = readU16(bytes, 8);
  const { table, profile } = machine;
  const domain = profile.exactDomainInfo ? table.find(domid) : table.findFrom(domid);
  if (domain === undefined) return unknownDomain(machine, caller);
  if (!machine.policy(caller, "getdomaininfo", domain)) return -ERRNO.EPERM;
  writeDomainInfo(profile.release, domain, bytes);
  return 0;
};
