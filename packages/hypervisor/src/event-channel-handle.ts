import { ERRNO, EVTCHNSTAT } from "@xenkit/abi";
import type { EventListener } from "./deliveries.ts";
import { type Domain, LIFE } from "./domain.ts";
import {
  allocUnbound,
  bindInterdomain,
  bindIpi,
  bindVirq,
  mask,
  resetPorts,
  send,
  unmask,
} from "./event-channels.ts";
import type { Machine } from "./machine.ts";
import type { Port } from "./port-table.ts";
import { errnoError, findDomain, orThrow } from "./refuse.ts";
import { closePort } from "./steps.ts";

/**
 * The event channels of one domain, for who runs inside it.
 *
 * A port has one pending bit and one mask bit. An event that comes while the port is pending is
 * merged with the one that is there; one that comes while it is masked waits. So: `clearPending`,
 * *then* take the work until there is none, *then* `unmask`.
 *
 * Everything throws a HypervisorError "errno": ESRCH when the domain is gone or dying, EINVAL for a
 * port that is not open, ENOSPC where a port is opened and none is free, and what else is said.
 */
export interface EventChannels {
  readonly domid: number;
  /** Opens a port for the remote domain to bind to; it need not be there yet. EINVAL: no domid. */
  allocUnbound(remoteDomid: number): number;
  /**
   * Opens a port connected with an unbound port of the remote domain. It is pending at once. EINVAL:
   * that port does not wait for this domain.
   */
  bindInterdomain(remoteDomid: number, remotePort: number): number;
  /**
   * Opens a port for a VIRQ. `vcpu` is 0 unless the VIRQ is one of those that each vCPU has.
   *
   * EINVAL: no VIRQ, or not on this vCPU; ENOENT: no such vCPU; EBUSY: another domain handles it; EEXIST:
   * bound already.
   */
  bindVirq(virq: number, vcpu?: number): number;
  /** Opens a port from the domain to itself. ENOENT: no such vCPU. */
  bindIpi(vcpu?: number): number;
  /** Signals the other end of a port. EINVAL for one of a VIRQ. */
  notify(port: number): void;
  close(port: number): void;
  /** Closes every port. */
  reset(): void;
  mask(port: number): void;
  /** Unmasks a port; an event that waited is delivered. */
  unmask(port: number): void;
  isPending(port: number): boolean;
  clearPending(port: number): void;
  /** The port that has been pending longest of those that are not masked. */
  pending(): number | undefined;
  /** What the port is: one of `EVTCHNSTAT`; closed for a port that is not open. */
  status(port: number): number;
  /** How many ports are open. */
  readonly count: number;
  /**
   * Calls back with every port that becomes pending while not masked. @returns A function that ends
   * it.
   */
  onEvent(listener: EventListener): () => void;
  /** The same for one port; it ends with the port. A second one takes the place of the first. */
  onPort(port: number, listener: EventListener): () => void;
}

/** Runs an operation as a hypercall: what it raises is delivered after its last step. */
export type Enter = <T>(operation: () => T) => T;

export const eventChannelsOf = (machine: Machine, enter: Enter, domid: number): EventChannels => {
  const identity = identityOf(machine, domid);
  const domain = (operation: string): Domain => {
    const found = machine.table.find(domid);
    const same = found?.idLow === identity.low && found.idHigh === identity.high;
    if (!same || found.life !== LIFE.alive) throw errnoError(operation, -ERRNO.ESRCH);
    return found;
  };
  const open = (operation: string, number: number): [Domain, Port] => {
    const owner = domain(operation);
    const port = owner.ports.get(number);
    if (port === undefined) throw errnoError(operation, -ERRNO.EINVAL);
    return [owner, port];
  };
  return {
    domid,
    allocUnbound: (remoteDomid) =>
      enter(() => orThrow("alloc_unbound", allocUnbound(domain("alloc_unbound"), remoteDomid))),
    bindInterdomain: (remoteDomid, remotePort) =>
      enter(() => {
        const caller = domain("bind_interdomain");
        const remote = findDomain(machine, "bind_interdomain", remoteDomid);
        return orThrow("bind_interdomain", bindInterdomain(machine, caller, remote, remotePort));
      }),
    bindVirq: (virq, vcpu = 0) =>
      enter(() => orThrow("bind_virq", bindVirq(machine, domain("bind_virq"), virq, vcpu))),
    bindIpi: (vcpu = 0) => enter(() => orThrow("bind_ipi", bindIpi(domain("bind_ipi"), vcpu))),
    notify: (port) => {
      enter(() => orThrow("send", send(machine, domain("send"), port)));
    },
    close: (port) => {
      enter(() => closePort(machine, ...open("close", port)));
    },
    reset: () => {
      enter(() => resetPorts(machine, domain("reset")));
    },
    mask: (port) => enter(() => mask(open("mask", port)[1])),
    unmask: (port) => enter(() => unmask(machine, ...open("unmask", port))),
    isPending: (port) => domain("is_pending").ports.pending.has(port),
    clearPending: (port) => {
      domain("clear_pending").ports.pending.delete(port);
    },
    pending: () => {
      const { ports } = domain("pending");
      for (const port of ports.pending) if (ports.get(port)?.masked === false) return port;
      return undefined;
    },
    status: (port) => domain("status").ports.get(port)?.kind ?? EVTCHNSTAT.closed,
    get count() {
      return domain("count").ports.count;
    },
    onEvent: (listener) => {
      domain("on_event");
      return machine.deliveries.listen(domid, listener);
    },
    onPort: (number, listener) => {
      const port = open("on_port", number)[1];
      // Its own function object: the same listener may take the place of itself.
      const entry: EventListener = (raised) => listener(raised);
      port.listener = entry;
      return () => {
        if (port.listener === entry) port.listener = undefined;
      };
    },
  };
};

/** Who the handle is for: a later domain with the same domid is another. */
const identityOf = (machine: Machine, domid: number): { low: number; high: number } => {
  const { idLow, idHigh } = findDomain(machine, "event_channels", domid);
  return { low: idLow, high: idHigh };
};
