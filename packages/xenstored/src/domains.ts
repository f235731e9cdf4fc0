import type { DomainInfo } from "@xenkit/xenmanage";
import { FEATURE } from "@xenkit/xenstore-wire";
import type { DomainRecord } from "./domain-record.ts";
import type { Quotas } from "./quota.ts";

/** What this daemon can do for a guest: a set of `FEATURE` bits. */
export const SUPPORTED_FEATURES: number = FEATURE.error | FEATURE.watchDepth | FEATURE.domidAny;

/** The hypervisor, as far as the daemon asks it: a `Xenmanage` handle, or a tracker. */
export interface DomainSource {
  /** Undefined when there is no such domain. */
  getDomainInfo(domid: number): DomainInfo | undefined;
  /**
   * RESUME was called for a domain: it may run again without the hypervisor having said so. A source that reports
   * changes only should look at it anew, so that its next shutdown is a change.
   */
  refresh?(domid: number): void;
}

/** Above this no domain can be. */
const FIRST_RESERVED = 0x7ff0;

/** The daemon's records, by domid: made when a request first names an existing domain. */
export class Domains {
  readonly controlDomid: number;
  readonly #source: DomainSource;
  readonly #defaults: Readonly<Quotas>;
  readonly #records = new Map<number, DomainRecord>();

  /** @param defaults - Copied into each record when it is made. */
  constructor(source: DomainSource, defaults: Readonly<Quotas>, controlDomid: number) {
    this.#source = source;
    this.#defaults = defaults;
    this.controlDomid = controlDomid;
    this.#make(controlDomid, source.getDomainInfo(controlDomid)?.uniqueId ?? 0n).introduced = true;
  }

  /** The record of a domid; undefined when no request has named it. */
  get(domid: number): DomainRecord | undefined {
    return this.#records.get(domid);
  }

  /** The record of a domid, made now if there is such a domain. */
  known(domid: number): DomainRecord | undefined {
    const record = this.#records.get(domid);
    if (record !== undefined) return record;
    const info = domid < FIRST_RESERVED ? this.#source.getDomainInfo(domid) : undefined;
    return info === undefined ? undefined : this.#make(domid, info.uniqueId);
  }

  /** The record of an introduced domain. */
  introduced(domid: number): DomainRecord | undefined {
    const record = this.#records.get(domid);
    return record?.introduced ? record : undefined;
  }

  /** What the hypervisor says now; undefined when there is no such domain. */
  ask(domid: number): DomainInfo | undefined {
    return domid < FIRST_RESERVED ? this.#source.getDomainInfo(domid) : undefined;
  }

  /** The domain may have been resumed. */
  refresh(domid: number): void {
    this.#source.refresh?.(domid);
  }

  /** Forgets a domain: its grants are worth nothing from now on. */
  forget(record: DomainRecord): void {
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
      features: SUPPORTED_FEATURES,
      quotas: { ...this.#defaults },
    };
    this.#records.set(domid, record);
    return record;
  }
}
