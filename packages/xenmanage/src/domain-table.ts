import { joinHalves, STATE } from "@xenkit/abi";
import type { DomainChange } from "./domain-change.ts";
import type { DomainInfo } from "./domain-info.ts";

/** One row. The id's halves stand beside the record, so that an unchanged domain costs no bigint. */
interface Row {
  domain: DomainInfo;
  readonly idLow: number;
  readonly idHigh: number;
  /** The census in which the domain was last reported. */
  census: number;
}

/**
 * The domains that are known, by domid and by unique id, and what each report changes about them.
 *
 * One report gives at most one change, the strongest: replaced, gone, dead, shutdown or resumed. A report that
 * says nothing new gives none, so the same report twice, or three for one destroy, change nothing. Death is
 * final: whatever is reported of a dead domain but its end updates the row and is no change.
 */
export class DomainTable {
  readonly #rows = new Map<number, Row>();
  readonly #byUniqueId = new Map<bigint, Row>();
  #census = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** What was last reported of the domain that has this domid. */
  get(domid: number): DomainInfo | undefined {
    return this.#rows.get(domid)?.domain;
  }

  /** What was last reported of the domain that has this unique id. */
  findByUniqueId(uniqueId: bigint): DomainInfo | undefined {
    return this.#byUniqueId.get(uniqueId)?.domain;
  }

  /** All domains, by ascending domid. */
  snapshot(): readonly DomainInfo[] {
    return [...this.#rows.values()].map((row) => row.domain).sort((a, b) => a.domid - b.domid);
  }

  /**
   * Enters one report.
   *
   * @param state - A set of STATE flags; without EXIST the domain is gone.
   * @param idLow - Bits 0 to 31 of the unique id, unsigned.
   * @param idHigh - Bits 32 to 63, unsigned.
   */
  report(
    domid: number,
    state: number,
    caps: number,
    idLow: number,
    idHigh: number,
  ): DomainChange | undefined {
    const row = this.#rows.get(domid);
    if ((state & STATE.exist) === 0) return row === undefined ? undefined : this.#remove(row);
    if (row === undefined) {
      return { kind: "appeared", domain: this.#enter(domid, state, caps, idLow, idHigh) };
    }
    if (row.idLow !== idLow || row.idHigh !== idHigh) {
      const previous = this.#forget(row);
      return { kind: "replaced", domain: this.#enter(domid, state, caps, idLow, idHigh), previous };
    }
    row.census = this.#census;
    return this.#update(row, state, caps);
  }

  /** From now on counts which domains are reported, for {@link endCensus}. */
  beginCensus(): void {
    this.#census += 1;
  }

  /** Removes every domain that was not reported since {@link beginCensus}: these are gone. Ascending domids. */
  endCensus(): readonly DomainChange[] {
    return [...this.#rows.values()]
      .filter((row) => row.census !== this.#census)
      .sort((a, b) => a.domain.domid - b.domain.domid)
      .map((row) => this.#remove(row));
  }

  #enter(domid: number, state: number, caps: number, idLow: number, idHigh: number): DomainInfo {
    const uniqueId = joinHalves(idLow, idHigh);
    const domain = { domid, state, caps, uniqueId };
    const row = { domain, idLow, idHigh, census: this.#census };
    this.#rows.set(domid, row);
    this.#byUniqueId.set(uniqueId, row);
    return domain;
  }

  #update(row: Row, state: number, caps: number): DomainChange | undefined {
    const previous = row.domain;
    // Kept set: DYING and DEAD come from two reads in the hypervisor, so an answer may be torn.
    const next = state | (previous.state & STATE.dead);
    if (next === previous.state && caps === previous.caps) return undefined;
    const domain = { ...previous, state: next, caps };
    row.domain = domain;
    if ((previous.state & STATE.dead) !== 0) return undefined;
    if ((next & STATE.dead) !== 0) return { kind: "dead", domain, previous };
    if (((next ^ previous.state) & STATE.shutdown) === 0) return undefined;
    const kind = (next & STATE.shutdown) === 0 ? "resumed" : "shutdown";
    return { kind, domain, previous };
  }

  #forget(row: Row): DomainInfo {
    const { domid, uniqueId } = row.domain;
    this.#rows.delete(domid);
    // Another domain has the id only on a host that was set back to an earlier state.
    if (this.#byUniqueId.get(uniqueId) === row) this.#byUniqueId.delete(uniqueId);
    return row.domain;
  }

  #remove(row: Row): DomainChange {
    const previous = this.#forget(row);
    const domain = { domid: previous.domid, state: 0, caps: 0, uniqueId: 0n };
    return { kind: "gone", domain, previous };
  }
}
