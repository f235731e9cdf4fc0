import {
  createHypervisor,
  type DomainSummary,
  type Hypervisor,
  type HypervisorOptions,
} from "@xenkit/hypervisor";
import { DomainTracker, openXenmanage } from "@xenkit/xenmanage";
import { domainPath } from "@xenkit/xenstore-wire";
import {
  createStoreDaemon,
  followTracker,
  ringGuests,
  type StoreDaemon,
  trackedDomains,
} from "@xenkit/xenstored";
import { createGuest } from "./create-guest.ts";
import { emulatedRings } from "./emulated-rings.ts";
import { Guest, type GuestTools } from "./guest.ts";
import { writeDom0Home } from "./guest-home.ts";
import { guestNames, type HostChangeListener } from "./guest-names.ts";
import { HostError } from "./host-error.ts";
import type { GuestOptions, HostOptions } from "./host-options.ts";
import { openStoreLink, type StoreLink, type StoreLinkListener } from "./store-link.ts";
import { openStoreSession, type StoreSession } from "./store-session.ts";

/** One domain of a host. */
export interface HostDomain {
  readonly domid: number;
  /** As Xenstore has it; undefined when it has none there. */
  readonly name: string | undefined;
  /** A set of `STATE` flags. */
  readonly state: number;
  /** A set of `CAPS` flags. */
  readonly caps: number;
  readonly uniqueId: bigint;
  readonly paused: boolean;
  /** A number of `SHUTDOWN`; undefined unless it is shut down. */
  readonly shutdownReason: number | undefined;
}

/** The Xenstore of a host. */
export interface HostStore extends StoreSession {
  readonly daemon: StoreDaemon;
  /** Connects a client that acts for dom0: bytes of the protocol, both ways. */
  connect(listener: StoreLinkListener): StoreLink;
}

/** An emulated Xen host: hypervisor, dom0 with its Xenstore daemon and a toolstack, and guests. */
export interface Host extends AsyncDisposable {
  readonly hypervisor: Hypervisor;
  /** What the toolstack itself says to Xenstore, at once; and connections for others. */
  readonly store: HostStore;
  /** Follows the domains by VIRQ_DOM_EXC and get_domain_state, as dom0: all that the daemon knows of them. */
  readonly tracker: DomainTracker;
  /**
   * Creates a guest, writes its home in Xenstore, introduces it and lets it run.
   *
   * @throws HostError refused: EEXIST (the domid, or every domid, is in use), ENOMEM. Nothing is left then.
   */
  createGuest(options?: GuestOptions): Promise<Guest>;
  /** Any domain but dom0, whoever created it; undefined when there is none. */
  guest(domid: number): Guest | undefined;
  /** Every domain, dom0 too, by ascending domid. */
  domains(): HostDomain[];
  domain(domid: number): HostDomain | undefined;
  /** Has `listener` told of every change as it is drained. Returns what ends it. */
  onChange(listener: HostChangeListener): () => void;
}

/**
 * Boots a host.
 *
 * It takes its time, randomness and scheduling from the options, and with the defaults uses none: the same calls give
 * the same host. Disposing it stops the tracker; nothing else is held.
 *
 * @throws HostError bad-option; HypervisorError bad-option.
 */
export const createHost = async (options: HostOptions = {}): Promise<Host> => {
  const { domains: count = 0, defer = queueMicrotask, onError = thrower(defer) } = options;
  const hypervisor = createHypervisor({ onListenerError: onError, ...hypervisorOptions(options) });
  const manage = openXenmanage({
    hypercall: (op, buffer) => hypervisor.hypercall(DOM0, op, buffer),
  });
  const tracker = new DomainTracker({ manage, events: hypervisor.eventChannels(DOM0), onError });
  const daemon = createStoreDaemon({
    guests: ringGuests(emulatedRings(hypervisor, defer)),
    ...options.store,
    domains: trackedDomains(tracker),
  });
  followTracker(daemon, tracker);
  const session = openStoreSession(daemon);
  const tools: GuestTools = { hypervisor, session, tracker };
  const names = guestNames(tracker, onError);
  const store: HostStore = {
    ...session,
    daemon,
    connect: (listener) => openStoreLink(daemon, listener, defer),
  };

  const describe = (summary: DomainSummary): HostDomain => ({
    domid: summary.domid,
    name: session.read(`${domainPath(summary.domid)}/name`),
    state: summary.state,
    caps: summary.caps,
    uniqueId: summary.uniqueId,
    paused: summary.pauseCount > 0,
    shutdownReason: summary.shutdownReason,
  });

  const host: Host = {
    hypervisor,
    store,
    tracker,
    createGuest: async (wanted = {}) => {
      const guest = createGuest(tools, names, wanted);
      // A creation raises no VIRQ. Whoever follows the host should not have to wait for the next change.
      tracker.drain();
      return guest;
    },
    guest: (domid) => {
      const summary = domid === DOM0 ? undefined : hypervisor.domain(domid);
      return summary === undefined ? undefined : new Guest(tools, domid, summary.uniqueId);
    },
    domains: () => hypervisor.domains().map(describe),
    domain: (domid) => {
      const summary = hypervisor.domain(domid);
      return summary === undefined ? undefined : describe(summary);
    },
    onChange: names.onChange,
    [Symbol.asyncDispose]: async () => {
      // A host that is down has no ports any more.
      if (hypervisor.down === undefined) tracker.stop();
    },
  };

  tracker.start();
  writeDom0Home(session);
  if (!Number.isInteger(count) || count < 0) {
    throw new HostError("bad-option", `domains: ${count} is no count`, { option: "domains" });
  }
  for (let index = 0; index < count; index += 1) await host.createGuest();
  return host;
};

const DOM0 = 0;

const hypervisorOptions = (options: HostOptions): HypervisorOptions => {
  const { hypervisor, release, uniqueIds, drainOrder, limits, clock } = options;
  const own = { release, uniqueIds, drainOrder, limits, clock };
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...hypervisor, ...Object.fromEntries(given) };
};

const thrower =
  (defer: (task: () => void) => void) =>
  (error: unknown): void => {
    defer(() => {
      throw error;
    });
  };
