import { CAPS, STATE } from "@xenkit/abi";
import type { GrantTable } from "./grants.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { idToHex } from "./hex.ts";
import type { PortTable } from "./port-table.ts";

/**
 * How far a domain is from its end. `DYING` is reported only while teardown runs, `DEAD` from its
 * end on.
 */
export const LIFE = { alive: 0, dying: 1, dead: 2 } as const;

/** How far a shutdown is. Only a complete one is reported. */
export const SHUTDOWN_PROGRESS = { none: 0, inProgress: 1, complete: 2 } as const;

/**
 * What createdomain was given, as the hypervisor keeps it. Field names and units are those of the
 * struct.
 */
export interface DomainConfig {
  readonly ssidref: number;
  /** 16 bytes, as 32 lower-case hex digits. */
  readonly handle: string;
  /** `CDF` flags, after sanitising. */
  readonly flags: number;
  readonly maxVcpus: number;
  /** The highest event channel port the domain may have. */
  readonly maxEvtchnPort: number;
  /** Grant table frames, 512 grants each; negative for the hypervisor's default. */
  readonly maxGrantFrames: number;
}

/** What a policy may know of the parties of a call. */
export interface Subject {
  /** `DOMID.xen` for the hypervisor itself, as target of what concerns no single domain. */
  readonly domid: number;
  /** A set of `CAPS` flags. */
  readonly caps: number;
  /** The domain whose device model this one is, or undefined. */
  readonly target: Subject | undefined;
}

/** One domain: hot data, changed only by the step functions. */
export class Domain implements Subject {
  readonly domid: number;
  /** The unique id, as two signed 32-bit halves. */
  readonly idLow: number;
  readonly idHigh: number;
  readonly caps: number;
  readonly config: DomainConfig;
  readonly ports: PortTable;
  readonly grants: GrantTable;
  readonly memory: GuestMemory;
  life: number = LIFE.alive;
  shutdown: number = SHUTDOWN_PROGRESS.none;
  /** Why, a SHUTDOWN_* number; -1 while `shutdown` is none. */
  shutdownReason = -1;
  /** How many times paused by its controllers. A new domain has been paused once. */
  pauseCount = 1;
  /** vCPUs that exist: numbers 0 … vcpus − 1. */
  vcpus = 0;
  maxMemKb = 0n;
  /** The port signalled instead of VIRQ_DOM_EXC when the domain has suspended; 0 for none. */
  suspendPort = 0;
  /**
   * Who holds the domain back from being freed once it is dead: mappings, device models, holders by
   * name.
   */
  references = 0;
  /** Those of `references` that have no holder but the user of the emulator. */
  heldReferences = 0;
  /** How many times destroydomain says "call me again" before the domain is dead. */
  teardownSteps: number;
  target: Domain | undefined = undefined;

  constructor(fields: {
    domid: number;
    idLow: number;
    idHigh: number;
    caps: number;
    config: DomainConfig;
    ports: PortTable;
    grants: GrantTable;
    memory: GuestMemory;
    teardownSteps: number;
  }) {
    this.domid = fields.domid;
    this.idLow = fields.idLow;
    this.idHigh = fields.idHigh;
    this.caps = fields.caps;
    this.config = fields.config;
    this.ports = fields.ports;
    this.grants = fields.grants;
    this.memory = fields.memory;
    this.teardownSteps = fields.teardownSteps;
  }
}

// Constants of other modules and exported ones, kept in this module: what follows is on the hot
// path, where each use of an import or export costs a nanosecond or so.
const { exist: EXIST, shutdown: SHUTDOWN, dying: DYING, dead: DEAD } = STATE;
const { control: CONTROL, xenstore: XENSTORE } = CAPS;
const { complete: COMPLETE } = SHUTDOWN_PROGRESS;

/** By `life`. */
const LIFE_FLAGS = [0, DYING, DEAD] as const;

/** The `state` flags that get_domain_state reports of a domain that is there. */
export const stateOf = (domain: Domain): number =>
  EXIST | (domain.shutdown === COMPLETE ? SHUTDOWN : 0) | (LIFE_FLAGS[domain.life] as number);

export const isControl = (subject: Subject): boolean => (subject.caps & CONTROL) !== 0;

export const isXenstore = (subject: Subject): boolean => (subject.caps & XENSTORE) !== 0;

/** A domain that a call under way is about, as plain data: it may have lost its domid meanwhile. */
export const dumpReference = (domain: Domain): object => ({
  uniqueId: idToHex(domain.idLow, domain.idHigh),
  life: domain.life,
  shutdown: domain.shutdown,
});
