import { ERRNO, EVTCHNSTAT, NR_VIRQS, VIRQ, virqClass } from "@xenkit/abi";
import { type Domain, LIFE } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import type { Port } from "./port-table.ts";
import { closePort, setPending, startRecording, stopRecording } from "./steps.ts";

/**
 * Opens a port of `owner` that `remoteDomid` may bind to. The remote domain need not exist yet.
 *
 * @returns The port, or a negative errno: ENOSPC.
 */
export const allocUnbound = (owner: Domain, remoteDomid: number): number => {
  const port = owner.ports.open();
  if (port === undefined) return -ERRNO.ENOSPC;
  port.kind = EVTCHNSTAT.unbound;
  port.remoteDomid = remoteDomid;
  return port.number;
};

/**
 * Connects a new port of the caller with an unbound port that waits for it. The new port is pending
 * at once: what was sent before it was there must not be missed.
 *
 * @returns The port, or a negative errno: EINVAL, ENOSPC.
 */
export const bindInterdomain = (
  machine: Machine,
  caller: Domain,
  remote: Domain,
  remotePort: number,
): number => {
  const other = remote.ports.get(remotePort);
  if (
    other === undefined ||
    other.kind !== EVTCHNSTAT.unbound ||
    other.remoteDomid !== caller.domid
  )
    return -ERRNO.EINVAL;
  const port = caller.ports.open();
  if (port === undefined) return -ERRNO.ENOSPC;
  port.kind = EVTCHNSTAT.interdomain;
  port.remoteDomid = remote.domid;
  port.remotePort = remotePort;
  other.kind = EVTCHNSTAT.interdomain;
  other.remotePort = port.number;
  setPending(machine, caller, port);
  return port.number;
};

/**
 * Binds a VIRQ. For VIRQ_DOM_EXC the recording of changes starts before the port is taken, and
 * stops again when there is none left – but only if this very call started it: anything else lets
 * any domain end the recording of another (XSA-496).
 *
 * @returns The port, or a negative errno, the first that applies: EINVAL, ENOENT, EBUSY, EEXIST,
 *   ENOSPC.
 */
export const bindVirq = (machine: Machine, caller: Domain, virq: number, vcpu: number): number => {
  if (virq >= NR_VIRQS) return -ERRNO.EINVAL;
  const kind = virqClass(virq);
  if (kind !== "per-vcpu" && vcpu !== 0) return -ERRNO.EINVAL;
  if (vcpu >= caller.vcpus) return -ERRNO.ENOENT;
  if (kind === "global" && handlerOf(machine, virq) !== caller) return -ERRNO.EBUSY;
  if (caller.ports.ofVirq(virq, vcpu) !== undefined) return -ERRNO.EEXIST;
  const records = virq === VIRQ.domExc;
  if (records) startRecording(machine);
  const port = caller.ports.open();
  if (port === undefined) {
    if (records) stopRecording(machine);
    return -ERRNO.ENOSPC;
  }
  caller.ports.bindVirq(port, virq, vcpu);
  return port.number;
};

/**
 * Binds an event channel of the domain to itself. @returns The port, or a negative errno: ENOENT,
 * ENOSPC.
 */
export const bindIpi = (caller: Domain, vcpu: number): number => {
  if (vcpu >= caller.vcpus) return -ERRNO.ENOENT;
  const port = caller.ports.open();
  if (port === undefined) return -ERRNO.ENOSPC;
  port.kind = EVTCHNSTAT.ipi;
  port.vcpu = vcpu;
  return port.number;
};

/** Signals the other end. Into an unbound port it says nothing, to nobody. @returns 0 or EINVAL. */
export const send = (machine: Machine, caller: Domain, number: number): number => {
  const port = caller.ports.get(number);
  switch (port?.kind) {
    case EVTCHNSTAT.interdomain: {
      const remote = machine.table.find(port.remoteDomid);
      const other = remote?.ports.get(port.remotePort);
      if (remote !== undefined && other !== undefined) setPending(machine, remote, other);
      return 0;
    }
    case EVTCHNSTAT.ipi:
      setPending(machine, caller, port);
      return 0;
    case EVTCHNSTAT.unbound:
      return 0;
    default:
      return -ERRNO.EINVAL;
  }
};

export const mask = (port: Port): void => {
  port.masked = true;
};

/** Unmasks a port; an event that waited is delivered now. */
export const unmask = (machine: Machine, domain: Domain, port: Port): void => {
  port.masked = false;
  if (domain.ports.pending.has(port.number) && !port.queued) machine.deliveries.push(domain, port);
};

/** Closes every port of the domain. */
export const resetPorts = (machine: Machine, domain: Domain): void => {
  for (const port of domain.ports) closePort(machine, domain, port);
};

/**
 * Gives a global VIRQ to a domain.
 *
 * @returns 0, or a negative errno: EINVAL for what is no global VIRQ, EBUSY while the present
 *   handler has it bound, EINVAL for a dying domain.
 */
export const setVirqHandler = (machine: Machine, domain: Domain, virq: number): number => {
  if (virq >= NR_VIRQS || virqClass(virq) !== "global") return -ERRNO.EINVAL;
  const present = handlerOf(machine, virq);
  if (present === domain) return 0;
  if (present?.ports.ofVirq(virq, 0) !== undefined) return -ERRNO.EBUSY;
  if (domain.life !== LIFE.alive) return -ERRNO.EINVAL;
  machine.virqHandlers[virq] = domain;
  return 0;
};
