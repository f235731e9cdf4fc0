import { type DomainInfo, isXenmanageError } from "@xenkit/xenmanage";
import { FEATURE } from "@xenkit/xenstore-wire";
import type { DomainRecord } from "./domain-record.ts";
import type { Quotas } from "./quota.ts";

/** What this daemon can do for a guest: a set of `FEATURE` bits. */
export const SUPPORTED_FEATURES: number = FEATURE.error | FEATURE.watchDepth | FEATURE.domidAny;

/** The hypervisor, as far as the daemon asks it. `trackedDomains` makes one. */
export interface DomainSource {
  /**
   * What the hypervisor says now; undefined when there is no such domain.
   *
   * Whoever reports changes to the daemon must know of this answer: what changes from it on is a change.
   */
  getDomainInfo(domid: number): DomainInfo | undefined;
}

/** What the records begin with. */
export interface DomainsOptions {
  /** Copied into each record when it is made. */
  readonly quotas: Readonly<Quotas>;
  readonly controlDomid: number;
  readonly features: number;
}

/** Above this no domain can be. */
const FIRST_RESERVED = 0x7ff0;

/** The daemon's records, by domid: made when a request first names an existing domain. */
export class Domains {
  readonly controlDomid: number;
  /** The record of the control domain: it never ends. */
  readonly control: DomainRecord;
  /** What the daemon offers: a set of `FEATURE` bits. */
  readonly features: number;
  readonly #source: DomainSource;
  readonly #defaults: Readonly<Quotas>;
  /** How many have ended. */
  ended = 0;
  readonly #records = new Map<number, DomainRecord>();

  constructor(source: DomainSource, { quotas, controlDomid, features }: DomainsOptions) {
    this.#source = source;
    this.#defaults = quotas;
    this.features = features;
    this.controlDomid = controlDomid;
    this.control = this.#make(controlDomid, this.ask(controlDomid)?.uniqueId ?? 0n);
    this.control.introduced = true;
  }

  get size(): number {
    return this.#records.size;
  }

  /** The record of a domid; undefined when no request has named it. */
  get(domid: number): DomainRecord | undefined {
    return this.#records.get(domid);
  }

  /** The record of a domid, made now if there is such a domain. */
  known(domid: number): DomainRecord | undefined {
    const record = this.#records.get(domid);
    if (record !== undefined) return record;
    const info = this.ask(domid);
    return info === undefined ? undefined : this.#make(domid, info.uniqueId);
  }

  /** The record of an introduced domain. */
  introduced(domid: number): DomainRecord | undefined {
    const record = this.#records.get(domid);
    return record?.introduced ? record : undefined;
  }

  /** What the hypervisor says now; undefined when there is no such domain. */
  ask(domid: number): DomainInfo | undefined {
    if (domid >= FIRST_RESERVED) return undefined;
    try {
      return this.#source.getDomainInfo(domid);
    } catch (error) {
      // Xen 4.22 says EPERM of a domain that does not exist to a daemon that is no control domain.
      if (isXenmanageError(error)) return undefined;
      throw error;
    }
  }

  /** Forgets a domain: its grants are worth nothing from now on. */
  forget(record: DomainRecord): void {
    this.ended += 1;
    record.alive = false;
    record.introduced = false;
    if (this.#records.get(record.domid) === record) this.#records.delete(record.domid);
  }

  [Symbol.iterator](): IterableIterator<DomainRecord> {
    return this.#records.values();
  }

  #make(domid: number, uniqueId: bigint): DomainRecord {
    const record: DomainRecord = {
      domid,
      alive: true,
      uniqueId,
      introduced: false,
      shutdownSeen: false,
      connection: undefined,
      transport: undefined,
      features: this.features,
      quotas: { ...this.#defaults },
    };
    this.#records.set(domid, record);
    return record;
  }
}
