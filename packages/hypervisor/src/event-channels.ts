import { ERRNO, EVTCHNSTAT, VIRQ, virqClass } from "@xenkit/abi";
import { type Domain, LIFE } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import { about, Operation, perform, type StepKind } from "./operation.ts";
import type { Port } from "./port-table.ts";
import { planReset, setPending, startRecording, stopRecording } from "./steps.ts";
import { isWhole } from "./whole.ts";

/**
 * Opens a port of `owner` that `remoteDomid` may bind to. The remote domain need not exist yet.
 *
 * @returns The port, or a negative errno: EINVAL (no domid, 16 bits), ENOSPC.
 */
export const allocUnbound = (owner: Domain, remoteDomid: number): number => {
  if (!isWhole(remoteDomid, 0xffff)) return -ERRNO.EINVAL;
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

/** Why this VIRQ cannot be bound: a negative errno, or 0. */
const cannotBind = (machine: Machine, caller: Domain, virq: number, vcpu: number): number => {
  if (virqClass(virq) === "global" && handlerOf(machine, virq) !== caller) return -ERRNO.EBUSY;
  return caller.ports.ofVirq(virq, vcpu) === undefined ? 0 : -ERRNO.EEXIST;
};

/** `value` of the steps of a bind: fewer than 32 VIRQs, the vCPU above, in bit 31 "began recording". */
const BEGAN_RECORDING = 2 ** 31;
const virqOf = (value: number): number => value % 32;
const vcpuOf = (value: number): number => Math.trunc((value % BEGAN_RECORDING) / 32);

/** Takes a port for the VIRQ, unless it cannot be bound any more since this was looked at. */
const TAKE_PORT: StepKind = {
  name: "take-port",
  run: (machine, { domain: caller, value }, operation) => {
    if (caller === undefined) return;
    const virq = virqOf(value);
    const failed =
      caller.life === LIFE.alive ? cannotBind(machine, caller, virq, vcpuOf(value)) : -ERRNO.ESRCH;
    const port = failed === 0 ? caller.ports.open() : undefined;
    if (port === undefined) {
      operation.result = failed === 0 ? -ERRNO.ENOSPC : failed;
      if (virq === VIRQ.domExc) undoRecording(machine, value >= BEGAN_RECORDING);
      return;
    }
    caller.ports.bindVirq(port, virq, vcpuOf(value));
    // Another bind that failed may have undone what this one relied on.
    if (virq === VIRQ.domExc && machine.changed === undefined) startRecording(machine);
    operation.result = port.number;
  },
};

/**
 * After a failed bind: the recording ends if this very bind began it and nobody has the VIRQ.
 * Anything else lets one end the recording of another (XSA-496).
 */
const undoRecording = (machine: Machine, began: boolean): void => {
  const handler = handlerOf(machine, VIRQ.domExc);
  const isBound = handler?.ports.ofVirq(VIRQ.domExc, 0) !== undefined;
  if (machine.failedBind === "stops-recording" || (began && !isBound)) stopRecording(machine);
};

/** The recording of changes starts before the port is taken. */
const START_RECORDING: StepKind = {
  name: "start-recording",
  run: (machine, { domain: caller, value }, operation) => {
    if (caller === undefined) return;
    const began = machine.changed === undefined;
    if (began) startRecording(machine);
    operation.plan(about(TAKE_PORT, caller, began ? value + BEGAN_RECORDING : value));
  },
};

/**
 * Binds a VIRQ.
 *
 * @returns The port, or a negative errno, the first that applies: EINVAL, ENOENT, EBUSY, EEXIST,
 *   ENOSPC.
 */
export const bindVirq = (
  machine: Machine,
  caller: Domain,
  virq: number,
  vcpu: number,
  reply?: (result: number) => number,
): number => {
  const kind = virqClass(virq);
  if (kind === undefined || (kind !== "per-vcpu" && vcpu !== 0)) return -ERRNO.EINVAL;
  if (!isWhole(vcpu, caller.vcpus - 1)) return -ERRNO.ENOENT;
  const failed = cannotBind(machine, caller, virq, vcpu);
  if (failed !== 0) return failed;
  const first = virq === VIRQ.domExc ? START_RECORDING : TAKE_PORT;
  const operation = new Operation(machine, about(first, caller, vcpu * 32 + virq));
  operation.reply = reply;
  return perform(machine, operation);
};

/**
 * Binds an event channel of the domain to itself. @returns The port, or a negative errno: ENOENT,
 * ENOSPC.
 */
export const bindIpi = (caller: Domain, vcpu: number): number => {
  if (!isWhole(vcpu, caller.vcpus - 1)) return -ERRNO.ENOENT;
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

/** Closes every port of the domain. @returns 0. */
export const resetPorts = (machine: Machine, domain: Domain): number => {
  const operation = new Operation(machine);
  planReset(operation, domain);
  return perform(machine, operation);
};

/**
 * Gives a global VIRQ to a domain.
 *
 * @returns 0, or a negative errno: EINVAL for what is no global VIRQ, EBUSY while the present
 *   handler has it bound, EINVAL for a dying domain.
 */
export const setVirqHandler = (machine: Machine, domain: Domain, virq: number): number => {
  if (virqClass(virq) !== "global") return -ERRNO.EINVAL;
  const present = handlerOf(machine, virq);
  if (present === domain) return 0;
  if (present?.ports.ofVirq(virq, 0) !== undefined) return -ERRNO.EBUSY;
  if (domain.life !== LIFE.alive) return -ERRNO.EINVAL;
  machine.virqHandlers[virq] = domain;
  return 0;
};
