import { CAPS, ERRNO, type Release } from "@xenkit/abi";
import { type Call, callOf } from "./call.ts";
import { createDomain } from "./create-domain.ts";
import { LIFE } from "./domain.ts";
import { type DomainSummary, summaryOf } from "./domain-summary.ts";
import { dumpMachine } from "./dump.ts";
import { type Enter, type EventChannels, eventChannelsOf } from "./event-channel-handle.ts";
import { dispatch } from "./hypercall.ts";
import { HypervisorError } from "./hypervisor-error.ts";
import { loadMachine } from "./load.ts";
import type { Machine } from "./machine.ts";
import { badOption, type HypervisorOptions, machineOf } from "./options.ts";
import { type Pages, pagesOf } from "./page-interface.ts";
import { errnoError } from "./refuse.ts";
import type { HypervisorState } from "./state.ts";
import { createRequest, type Toolstack, toolstackOf } from "./toolstack.ts";

/** One emulated host. */
export interface Hypervisor extends Toolstack, Pages {
  readonly release: Release;
  /**
   * Makes a hypercall, as a domain does.
   *
   * @param caller - The domid of the domain that makes it. One that is not there or dying gets
   *   −ESRCH.
   * @param op - Which hypercall: one of `HYPERVISOR`.
   * @param buffer - Its struct, read and written in place; undefined is a bad pointer. A buffer
   *   that is too short is one too.
   * @param cmd - The command of event_channel_op, sched_op, grant_table_op and xen_version, which
   *   is in a register.
   * @returns 0, or −errno; xen_version: the version. −ERESTART from destroydomain: make the same
   *   call again.
   * @throws HypervisorError "host-down" when the host is.
   */
  hypercall(caller: number, op: number, buffer: Uint8Array | undefined, cmd?: number): number;
  /**
   * Begins a hypercall that is carried out step by step: between two steps other hypercalls may be
   * made, begun and gone on with, as other CPUs would. The checks at its entry are made at once. When
   * another state is loaded it is over, and what it had still to do is never done.
   *
   * @param buffer - As for `hypercall`; copied in now, and copied out when the hypercall is over
   *   without an error.
   * @throws HypervisorError "host-down" when the host is; so do its steps.
   */
  begin(caller: number, op: number, buffer: Uint8Array | undefined, cmd?: number): Call;
  /** The domains that are there, in the order of their domids; zombies too. */
  domains(): DomainSummary[];
  domain(domid: number): DomainSummary | undefined;
  readonly domainCount: number;
  /**
   * The event channels of one domain, for who runs inside it. ESRCH when there is no such domain.
   */
  eventChannels(domid: number): EventChannels;
  /** How many domids are marked as changed; undefined while nobody has VIRQ_DOM_EXC bound. */
  readonly changedCount: number | undefined;
  /** Why the host is down, a SHUTDOWN_* number; undefined while it is up. */
  readonly down: number | undefined;
  /** Calls back once, when the hardware domain shuts down. @returns A function that ends it. */
  onDown(listener: (reason: number) => void): () => void;
  /**
   * The whole state as plain data that JSON can hold: all but listeners, and what hypercalls under way
   * (`begin`) have still to do.
   */
  dump(): HypervisorState;
  /**
   * Replaces the whole state. Listeners by domain stay, those by port go. @throws HypervisorError
   * "bad-state"; then nothing changed.
   */
  load(state: unknown): void;
}

/**
 * Boots a host: with dom0, unless the options say otherwise. @throws HypervisorError "bad-option".
 */
export const createHypervisor = (options: HypervisorOptions = {}): Hypervisor => {
  const machine = machineOf(options, (step) => {
    if (machine.down === undefined) enter(step);
  });
  const downListeners = new Set<(reason: number) => void>();
  let depth = 0;

  const refuse = (reason: number): never => {
    throw new HypervisorError("host-down", { reason });
  };
  const goDown = (reason: number): void => {
    const listeners = [...downListeners];
    downListeners.clear();
    for (const listener of listeners) listener(reason);
  };
  /** After the outermost hypercall: now nothing is half done. */
  const settle = (): void => {
    if (machine.down !== undefined) {
      // Nobody is there any more to take an event.
      machine.deliveries.clear();
      goDown(machine.down);
    } else if (machine.deliveries.isWaiting) machine.deliveries.start();
  };
  const enter: Enter = (operation) => {
    if (machine.down !== undefined) refuse(machine.down);
    depth += 1;
    try {
      return operation();
    } finally {
      depth -= 1;
      if (depth === 0) settle();
    }
  };
  makeDom0(machine, options.dom0Vcpus ?? 1);

  // Written out, where `enter` would make a closure: this is the hot path.
  const hypercall: Hypervisor["hypercall"] = (callerDomid, op, buffer, cmd = 0) => {
    if (machine.down !== undefined) refuse(machine.down);
    depth += 1;
    try {
      const caller = machine.table.find(callerDomid);
      if (caller === undefined || caller.life !== LIFE.alive) return -ERRNO.ESRCH;
      return dispatch(machine, caller, op, buffer, cmd);
    } finally {
      depth -= 1;
      if (depth === 0) settle();
    }
  };

  const begin: Hypervisor["begin"] = (caller, op, buffer, cmd = 0) => {
    // Others may use the same buffer meanwhile; and one that is aligned is never a copy of its own.
    const own = buffer?.slice();
    const [result, operation] = enter(() => {
      machine.byStep = true;
      try {
        return [hypercall(caller, op, own, cmd), machine.begun] as const;
      } finally {
        machine.byStep = false;
        machine.begun = undefined;
      }
    });
    const { table } = machine;
    const isCurrent = (): boolean => machine.table === table;
    const finish = (final: number): void => {
      if (own !== undefined && final >= 0) buffer?.set(own);
    };
    return callOf(operation, result, enter, isCurrent, finish);
  };

  return {
    ...toolstackOf(machine, enter),
    ...pagesOf(machine, enter),
    release: machine.profile.release,
    hypercall,
    begin,
    domains: () => [...machine.table].map(summaryOf),
    domain: (domid) => {
      const domain = machine.table.find(domid);
      return domain === undefined ? undefined : summaryOf(domain);
    },
    get domainCount() {
      return machine.table.count;
    },
    eventChannels: (domid) => eventChannelsOf(machine, enter, domid),
    get changedCount() {
      return machine.changed?.count;
    },
    get down() {
      return machine.down;
    },
    onDown: (listener) => {
      downListeners.add(listener);
      return () => {
        downListeners.delete(listener);
      };
    },
    dump: () => dumpMachine(machine),
    load: (state) => {
      loadMachine(machine, state);
      settle();
    },
  };
};

/** dom0 is there before any toolstack: running, with its vCPUs and all the ports there can be. */
const makeDom0 = (machine: Machine, vcpus: number | false): void => {
  if (vcpus === false) return;
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > machine.limits.vcpus) {
    throw badOption("dom0Vcpus", `${vcpus} is not from 1 to ${machine.limits.vcpus}`);
  }
  const config = createRequest({ flags: 0, vcpus, maxEvtchnPort: machine.limits.eventPorts });
  const dom0 = createDomain(machine, 0, config, CAPS.control | CAPS.hardware);
  if (typeof dom0 === "number") throw errnoError("createdomain", dom0);
  dom0.vcpus = vcpus;
  dom0.pauseCount = 0;
  machine.hardware = dom0;
};
