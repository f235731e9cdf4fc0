/**
 * The atomic effects that the operations are made of. Each does one thing and can stand between two
 * effects of another operation. The one rule of order: a change is marked before VIRQ_DOM_EXC tells
 * of it.
 */

import { DOMID, EVTCHNSTAT, VIRQ } from "@xenkit/abi";
import { Bitmap } from "@xenkit/bitmap";
import { type Domain, LIFE, SHUTDOWN_PROGRESS } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import type { Port } from "./port-table.ts";

/** Records that something changed about this domid, if anybody wants to know. */
export const mark = (machine: Machine, domid: number): void => {
  machine.changed?.set(domid);
  machine.onStep?.("marked");
};

/** Sets the pending bit of a port. A port that is pending already, or masked, is not told again. */
export const setPending = (machine: Machine, domain: Domain, port: Port): void => {
  const { pending } = domain.ports;
  if (pending.has(port.number)) return;
  pending.add(port.number);
  if (!port.masked && !port.queued) machine.deliveries.push(domain, port);
};

/** Sends a VIRQ to one domain, if it has bound it. */
export const sendVirq = (machine: Machine, domain: Domain, virq: number, vcpu: number): void => {
  const port = domain.ports.ofVirq(virq, vcpu);
  if (port !== undefined) setPending(machine, domain, port);
};

/** Sends a global VIRQ to its handler, if there is one. */
const raiseGlobalVirq = (machine: Machine, virq: number): void => {
  const handler = handlerOf(machine, virq);
  if (handler !== undefined) sendVirq(machine, handler, virq, 0);
  machine.onStep?.("virq-raised");
};

/** A change that its handler must hear of. */
export const markAndRaise = (machine: Machine, domid: number): void => {
  mark(machine, domid);
  raiseGlobalVirq(machine, VIRQ.domExc);
};

/** Starts recording changes, with one mark for each domain that is there. */
export const startRecording = (machine: Machine): void => {
  const changed = new Bitmap(DOMID.firstReserved);
  for (const { domid } of machine.table) changed.set(domid);
  machine.changed = changed;
};

export const stopRecording = (machine: Machine): void => {
  machine.changed = undefined;
};

/** Puts a new domain where it can be found. */
export const link = (machine: Machine, domain: Domain): void => {
  machine.domids.take(domain.domid);
  machine.table.link(domain);
  machine.onStep?.("domain-linked");
};

/** False if a shutdown is under way or complete: the first reason stays. */
export const beginShutdown = (machine: Machine, domain: Domain, reason: number): boolean => {
  if (domain.shutdown !== SHUTDOWN_PROGRESS.none) return false;
  domain.shutdown = SHUTDOWN_PROGRESS.inProgress;
  domain.shutdownReason = reason;
  machine.onStep?.("shutdown-begun");
  return true;
};

/** False if the shutdown was undone before all vCPUs had stopped. */
export const completeShutdown = (machine: Machine, domain: Domain): boolean => {
  if (domain.shutdown !== SHUTDOWN_PROGRESS.inProgress) return false;
  domain.shutdown = SHUTDOWN_PROGRESS.complete;
  machine.onStep?.("shutdown-completed");
  return true;
};

export const beginDying = (machine: Machine, domain: Domain): void => {
  domain.life = LIFE.dying;
  machine.onStep?.("dying");
};

/**
 * Closes a port. The other end of a channel becomes unbound; the end of VIRQ_DOM_EXC ends the
 * recording of changes.
 */
export const closePort = (machine: Machine, domain: Domain, port: Port): void => {
  domain.ports.close(port);
  if (port.kind === EVTCHNSTAT.virq) {
    if (port.virq === VIRQ.domExc) stopRecording(machine);
  } else if (port.kind === EVTCHNSTAT.interdomain) {
    const remote = machine.table.find(port.remoteDomid)?.ports.get(port.remotePort);
    if (remote === undefined) return;
    remote.kind = EVTCHNSTAT.unbound;
    remote.remoteDomid = domain.domid;
    remote.remotePort = 0;
  }
};

/**
 * What a dying domain gives up at once: its ports, its VIRQs, what it has mapped and its hold on
 * its target.
 */
export const giveUpRoles = (machine: Machine, domain: Domain): void => {
  for (const port of domain.ports) closePort(machine, domain, port);
  machine.virqHandlers = machine.virqHandlers.map((handler) =>
    handler === domain ? undefined : handler,
  );
  machine.onStep?.("ports-closed");
};

export const beginDead = (machine: Machine, domain: Domain): void => {
  domain.grants.release();
  domain.memory.release();
  domain.life = LIFE.dead;
  machine.onStep?.("dead");
};

/** Takes a domain out of where it can be found. Its domid stays in use. */
export const unlink = (machine: Machine, domain: Domain): void => {
  machine.table.unlink(domain);
  machine.limbo.add(domain.domid);
  machine.deliveries.forget(domain.domid);
  machine.onStep?.("unlinked");
};

export const freeDomid = (machine: Machine, domid: number): void => {
  machine.limbo.delete(domid);
  machine.domids.free(domid);
  machine.onStep?.("domid-freed");
};
