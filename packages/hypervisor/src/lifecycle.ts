import { ERRNO, SHUTDOWN } from "@xenkit/abi";
import { type Domain, LIFE, SHUTDOWN_PROGRESS } from "./domain.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mappings.ts";
import {
  beginDead,
  beginDying,
  beginShutdown,
  completeShutdown,
  freeDomid,
  giveUpRoles,
  mark,
  markAndRaise,
  setPending,
  unlink,
} from "./steps.ts";

/** The most pauses that add up on one domain. */
export const MAX_PAUSES = 255;

export const pauseDomain = (domain: Domain): number => {
  if (domain.pauseCount >= MAX_PAUSES) return -ERRNO.EOVERFLOW;
  domain.pauseCount += 1;
  return 0;
};

/** EINVAL when the domain is not paused. */
export const unpauseDomain = (domain: Domain): number => {
  if (domain.pauseCount === 0) return -ERRNO.EINVAL;
  domain.pauseCount -= 1;
  return 0;
};

/**
 * Shuts a domain down, in any state of its life: a zombie too. A second shutdown changes nothing.
 * That of the hardware domain takes the host down.
 */
export const shutdownDomain = (machine: Machine, domain: Domain, reason: number): void => {
  if (!beginShutdown(machine, domain, reason)) return;
  if (domain === machine.hardware) {
    machine.down = reason;
    return;
  }
  if (!completeShutdown(machine, domain)) return;
  if (reason === SHUTDOWN.suspend && domain.suspendPort !== 0) {
    mark(machine, domain.domid);
    signalSuspended(machine, domain);
  } else {
    markAndRaise(machine, domain.domid);
  }
};

/** The suspend event channel goes to the other end, or nowhere when it is not connected. */
const signalSuspended = (machine: Machine, domain: Domain): void => {
  const port = domain.ports.get(domain.suspendPort);
  if (port === undefined || port.remotePort === 0) return;
  const remote = machine.table.find(port.remoteDomid);
  const remotePort = remote?.ports.get(port.remotePort);
  if (remote !== undefined && remotePort !== undefined) setPending(machine, remote, remotePort);
};

/** Undoes a shutdown. Marks nothing. A domain that is dying stays as it is. */
export const resumeDomain = (domain: Domain): void => {
  if (domain.life !== LIFE.alive) return;
  domain.shutdown = SHUTDOWN_PROGRESS.none;
  domain.shutdownReason = -1;
};

/**
 * Destroys a domain, or goes on destroying it.
 *
 * @returns 0 when it is dead; −ERESTART while it is dying: then the caller's CPU makes the same
 *   hypercall again.
 */
export const destroyDomain = (machine: Machine, domain: Domain): number => {
  if (domain.life === LIFE.alive) {
    beginDying(machine, domain);
    giveUpRoles(machine, domain);
    for (const mapping of [...machine.mappings.of(domain)]) unmap(machine, mapping);
    const { target } = domain;
    domain.target = undefined;
    if (target !== undefined) dropReference(machine, target);
  }
  // Another CPU may have gone on with it in between.
  if (isDead(domain)) return 0;
  if (domain.teardownSteps > 0) {
    domain.teardownSteps -= 1;
    return -ERRNO.ERESTART;
  }
  beginDead(machine, domain);
  markAndRaise(machine, domain.domid);
  freeIfUnreferenced(machine, domain);
  return 0;
};

const isDead = (domain: Domain): boolean => domain.life === LIFE.dead;

export const holdReference = (domain: Domain): void => {
  domain.references += 1;
};

export const dropReference = (machine: Machine, domain: Domain): void => {
  domain.references -= 1;
  freeIfUnreferenced(machine, domain);
};

/** Ends a mapping; that may have been what kept a zombie. */
export const unmap = (machine: Machine, mapping: Mapping): void => {
  machine.mappings.remove(mapping);
  if (mapping.owner !== mapping.mapper) dropReference(machine, mapping.owner);
};

const freeIfUnreferenced = (machine: Machine, domain: Domain): void => {
  if (!isDead(domain) || domain.references !== 0) return;
  // Another CPU may have freed it already.
  if (machine.table.find(domain.domid) !== domain) return;
  unlink(machine, domain);
  const { domid } = domain;
  machine.schedule(() => finishFree(machine, domid));
};

/** The end of a domid's use, at once or a grace period after its domain was unlinked. */
export const finishFree = (machine: Machine, domid: number): void => {
  // Loading another state took the domid out of limbo.
  if (!machine.limbo.has(domid)) return;
  freeDomid(machine, domid);
  markAndRaise(machine, domid);
};
