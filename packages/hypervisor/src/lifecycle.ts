import { ERRNO, SHUTDOWN } from "@xenkit/abi";
import { type Domain, LIFE, SHUTDOWN_PROGRESS } from "./domain.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mappings.ts";
import { about, aboutMapping, Operation, perform, type StepKind } from "./operation.ts";
import { freeing, MARK, planNotice, planReset, setPending } from "./steps.ts";

/** The most pauses that add up on one domain. */
export const MAX_PAUSES = 255;

/** The most steps that a teardown can take: few enough for one loop over all of them. */
export const MAX_TEARDOWN_STEPS = 0xffff;

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

/** The suspend event channel goes to the other end, or nowhere when it is not connected. */
const SIGNAL_SUSPENDED: StepKind = {
  name: "signal-suspended",
  run: (machine, { domain }) => {
    const port = domain?.ports.get(domain.suspendPort);
    if (port === undefined) return;
    const remote = machine.table.find(port.remoteDomid);
    const remotePort = remote?.ports.get(port.remotePort);
    if (remote !== undefined && remotePort !== undefined) setPending(machine, remote, remotePort);
  },
};

const COMPLETE_SHUTDOWN: StepKind = {
  name: "complete-shutdown",
  run: (machine, { domain, value: reason }, operation) => {
    // It may have been undone before all vCPUs had stopped.
    if (domain === undefined || domain.shutdown !== SHUTDOWN_PROGRESS.inProgress) return;
    domain.shutdown = SHUTDOWN_PROGRESS.complete;
    if (reason === SHUTDOWN.suspend && domain.suspendPort !== 0) {
      operation.plan(about(MARK, domain), about(SIGNAL_SUSPENDED, domain));
    } else {
      planNotice(machine, operation, domain.domid);
    }
  },
};

const BEGIN_SHUTDOWN: StepKind = {
  name: "begin-shutdown",
  run: (machine, { domain, value: reason }, operation) => {
    // The first reason stays, from the beginning of its shutdown on.
    if (domain === undefined || domain.shutdown !== SHUTDOWN_PROGRESS.none) return;
    domain.shutdown = SHUTDOWN_PROGRESS.inProgress;
    domain.shutdownReason = reason;
    if (domain === machine.hardware) machine.down = reason;
    else operation.plan(about(COMPLETE_SHUTDOWN, domain, reason));
  },
};

/**
 * Shuts a domain down, in any state of its life: a zombie too. A second shutdown changes nothing.
 * That of the hardware domain takes the host down.
 */
export const shutdownDomain = (machine: Machine, domain: Domain, reason: number): number =>
  perform(machine, new Operation(machine, about(BEGIN_SHUTDOWN, domain, reason)));

/** Undoes a shutdown. Marks nothing. A domain that is dying stays as it is. */
export const resumeDomain = (domain: Domain): void => {
  if (domain.life !== LIFE.alive) return;
  domain.shutdown = SHUTDOWN_PROGRESS.none;
  domain.shutdownReason = -1;
};

/** All resources are given back. */
const DIE: StepKind = {
  name: "die",
  run: (machine, { domain }, operation) => {
    // Another CPU may have gone on with it in between.
    if (domain === undefined || domain.life === LIFE.dead) return;
    domain.grants.release();
    domain.memory.release();
    domain.life = LIFE.dead;
    operation.plan(freeing(domain));
    planNotice(machine, operation, domain.domid);
  },
};

const TEAR_DOWN: StepKind = {
  name: "tear-down",
  run: (_machine, { domain }, operation) => {
    if (domain === undefined || domain.life === LIFE.dead) return;
    if (domain.teardownSteps === 0) {
      operation.plan(about(DIE, domain));
    } else {
      domain.teardownSteps -= 1;
      operation.result = -ERRNO.ERESTART;
    }
  },
};

/** The global VIRQs of a dying domain fall back to the hardware domain. */
const GIVE_UP_VIRQS: StepKind = {
  name: "give-up-virqs",
  run: (machine, { domain }) => {
    const { virqHandlers } = machine;
    machine.virqHandlers = virqHandlers.map((one) => (one === domain ? undefined : one));
  },
};

/** Ends a mapping; that may have been what kept a zombie. */
const UNMAP: StepKind = {
  name: "unmap",
  run: (machine, { mapping }, operation) => {
    if (mapping === undefined || !machine.mappings.remove(mapping)) return;
    if (mapping.owner !== mapping.mapper) giveBack(mapping.owner, operation);
  },
};

const GIVE_UP_TARGET: StepKind = {
  name: "give-up-target",
  run: (_machine, { domain }, operation) => {
    const target = domain?.target;
    if (domain === undefined || target === undefined) return;
    domain.target = undefined;
    giveBack(target, operation);
  },
};

const BEGIN_DYING: StepKind = {
  name: "begin-dying",
  run: (machine, { domain }, operation) => {
    if (domain === undefined) return;
    // The last one first: each is put before those that are planned already.
    operation.plan(about(TEAR_DOWN, domain));
    if (domain.life === LIFE.dead) return;
    // Also when it is dying already: what another CPU has begun may never be finished by it.
    domain.life = LIFE.dying;
    if (domain.target !== undefined) operation.plan(about(GIVE_UP_TARGET, domain));
    for (const mapping of machine.mappings.of(domain)) operation.plan(aboutMapping(UNMAP, mapping));
    if (machine.virqHandlers.includes(domain)) operation.plan(about(GIVE_UP_VIRQS, domain));
    planReset(operation, domain);
  },
};

/**
 * Destroys a domain, or goes on destroying it: it gives up its ports, its VIRQs, what it has mapped
 * and its hold on its target; dies when its teardown steps are done; and is freed when nobody holds
 * it.
 *
 * @returns 0 when it is dead; −ERESTART while it is dying: then the caller's CPU makes the same
 *   hypercall again.
 */
export const destroyDomain = (machine: Machine, domain: Domain): number =>
  perform(machine, new Operation(machine, about(BEGIN_DYING, domain)));

export const holdReference = (domain: Domain): void => {
  domain.references += 1;
};

/** Only who gives back the last reference may have to free the domain. */
const giveBack = (owner: Domain, operation: Operation): void => {
  owner.references -= 1;
  if (owner.references === 0 && owner.life === LIFE.dead) operation.plan(freeing(owner));
};

export const dropReference = (machine: Machine, domain: Domain): number => {
  const operation = new Operation(machine);
  giveBack(domain, operation);
  return perform(machine, operation);
};

export const unmap = (machine: Machine, mapping: Mapping): number =>
  perform(machine, new Operation(machine, aboutMapping(UNMAP, mapping)));
