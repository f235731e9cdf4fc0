import { CAPS, STATE } from "@xenkit/abi";
import type { Violation } from "@xenkit/testkit";
import type { DomainChange, DomainInfo } from "@xenkit/xenmanage";

/** Every property, with the sentence that it stands for. */
export const PROPERTIES = {
  "no lost change":
    "When everything is quiet, the consumer's table equals the hypervisor's domains (domid, unique id, shutdown, dead); only a creation that nobody was told of may wait, with its mark, and a resume is told to nobody.",
  "no lost reuse":
    "Each incarnation that the consumer knew and that ended is reported ended, once, before or together with the report of its successor.",
  "no invention": "Nothing is reported that did not happen; unique ids never repeat.",
  "mark before notice": "Whoever sees the VIRQ can drain the change: its mark was set before.",
  "bounded work": "A drain makes (changes + 1) hypercalls, independent of the number of domains.",
  privacy:
    "No caller learns of, or clears the mark of, a domain that it may not query, or drains what another handles.",
  liveness:
    "Every change is reported after finitely many steps: no run goes on for ever, and none ends before all is quiet.",
  "no inheritance":
    "Nothing of a domain that has ended is left for who gets its domid: no node, permission, watch, transaction, unsent byte or use of a quota.",
} as const;

export type Property = keyof typeof PROPERTIES;

export const violation = (property: Property, seen: string): Violation => ({ property, seen });

/** What really happened to one incarnation. */
export interface Incarnation {
  readonly domid: number;
  readonly id: bigint;
  shutdown: boolean;
  dead: boolean;
  /** It cannot be found any more. */
  ended: boolean;
}

/** All incarnations that there ever were, as the hypervisor had them after each step. */
export class Truth {
  readonly #byId: Map<bigint, Incarnation>;
  /** Those that have not ended. */
  readonly #present: Set<Incarnation>;

  constructor(incarnations: Iterable<Incarnation> = []) {
    this.#byId = new Map([...incarnations].map((one) => [one.id, { ...one }]));
    this.#present = new Set([...this.#byId.values()].filter(({ ended }) => !ended));
  }

  /** The same, but for those that ended and that nobody can mention any more. */
  copy(isMentioned: (id: bigint) => boolean = () => true): Truth {
    return new Truth([...this.#byId.values()].filter(({ id, ended }) => !ended || isMentioned(id)));
  }

  get(id: bigint): Incarnation | undefined {
    return this.#byId.get(id);
  }

  /** @param domains - All that are there. @returns What cannot be: an id that was there before. */
  observe(domains: readonly DomainInfo[]): Violation | undefined {
    const present = new Set<bigint>();
    for (const { domid, uniqueId: id, state } of domains) {
      present.add(id);
      const known = this.#byId.get(id);
      if (known?.ended || (known !== undefined && known.domid !== domid)) {
        return violation("no invention", `the unique id ${id} is there a second time`);
      }
      const one = known ?? { domid, id, shutdown: false, dead: false, ended: false };
      one.shutdown ||= (state & STATE.shutdown) !== 0;
      one.dead ||= (state & STATE.dead) !== 0;
      if (known === undefined) {
        this.#byId.set(id, one);
        this.#present.add(one);
      }
    }
    for (const one of this.#present) {
      if (present.has(one.id)) continue;
      one.ended = true;
      this.#present.delete(one);
    }
    return undefined;
  }

  key(): string {
    let key = "";
    const all = [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { id, domid, shutdown, dead, ended } of all) {
      key += `${id}@${domid}${shutdown ? "s" : ""}${dead ? "d" : ""}${ended ? "e" : ""} `;
    }
    return key;
  }
}

/** What one consumer was told, and whether that can be so. */
export class Reports {
  /** By domid: the id that is known, and whether it was reported dead. */
  readonly #known = new Map<number, { readonly id: bigint; readonly dead: boolean }>();
  readonly #ended = new Set<bigint>();

  /** The same, but for the ended ones that nobody can mention any more. */
  copy(isMentioned: (id: bigint) => boolean = () => true): Reports {
    const copy = new Reports();
    for (const [domid, known] of this.#known) copy.#known.set(domid, known);
    for (const id of this.#ended) if (isMentioned(id)) copy.#ended.add(id);
    return copy;
  }

  /** Is this one known, and not reported ended? */
  knows(id: bigint): boolean {
    for (const known of this.#known.values()) if (known.id === id) return true;
    return false;
  }

  hear(change: DomainChange, truth: Truth): Violation | undefined {
    const { kind, domain } = change;
    const known = this.#known.get(domain.domid);
    const about = kind === "gone" ? change.previous.uniqueId : domain.uniqueId;
    const said = `${kind} ${domain.domid}#${about}`;
    const real = truth.get(about);
    if (real === undefined || real.domid !== domain.domid) {
      return violation("no invention", `${said}: there never was such a domain`);
    }
    if (kind === "appeared") {
      if (known !== undefined) {
        return violation("no lost reuse", `${said}: the end of #${known.id} was not reported`);
      }
    } else if (known === undefined || known.id !== change.previous.uniqueId) {
      return violation("no invention", `${said}: #${change.previous.uniqueId} was not known`);
    }
    if (kind === "gone" || kind === "replaced") {
      const { uniqueId } = change.previous;
      if (truth.get(uniqueId)?.ended !== true) {
        return violation("no invention", `${said}: #${uniqueId} has not ended`);
      }
      this.#ended.add(uniqueId);
      this.#known.delete(domain.domid);
    }
    if (kind === "shutdown" && !real.shutdown) {
      return violation("no invention", `${said}: it did not shut down`);
    }
    if (kind === "dead" && (!real.dead || known?.dead === true)) {
      return violation("no invention", `${said}: ${real.dead ? "told before" : "it lives"}`);
    }
    if (kind === "gone") return undefined;
    if (this.#ended.has(about)) return violation("no lost reuse", `${said}: told ended before`);
    this.#known.set(domain.domid, { id: about, dead: (domain.state & STATE.dead) !== 0 });
    return undefined;
  }

  /** At the end: is one known that has ended? */
  atRest(truth: Truth): Violation | undefined {
    for (const [domid, { id }] of this.#known) {
      if (truth.get(id)?.ended !== true) continue;
      return violation("no lost reuse", `the end of ${domid}#${id} was never reported`);
    }
    return undefined;
  }

  key(): string {
    const known = [...this.#known].map(
      ([domid, { id, dead }]) => `${domid}#${id}${dead ? "d" : ""}`,
    );
    return `${known.sort().join()};${[...this.#ended].sort().join()}`;
  }
}

/** Something that the store has of one incarnation. */
export interface Belonging {
  /** As in "the grant on /t/a". */
  readonly what: string;
  readonly domid: number;
  /** The unique id of whom it was made for. */
  readonly id: bigint;
}

/** When the successor is served, and at the end: is something left of who has ended? */
export const noInheritance = (
  belongings: Iterable<Belonging>,
  truth: Truth,
): Violation | undefined => {
  for (const { what, domid, id } of belongings) {
    if (truth.get(id)?.ended !== true) continue;
    return violation("no inheritance", `${what} of ${domid}#${id}, which has ended`);
  }
  return undefined;
};

const COMPARED = STATE.shutdown | STATE.dead;

/** At the end: does the table equal what is there? */
export const noLostChange = (
  table: readonly DomainInfo[],
  domains: readonly DomainInfo[],
  isMarked: (domid: number) => boolean,
): Violation | undefined => {
  const lost = (domid: number, why: string) =>
    violation("no lost change", `domain ${domid} ${why}`);
  for (const real of domains) {
    const known = table.find(({ domid }) => domid === real.domid);
    if (known === undefined) {
      const isNew = (real.state & COMPARED) === 0;
      if (isNew && isMarked(real.domid)) continue;
      return lost(real.domid, `#${real.uniqueId} was never reported, and is not marked`);
    }
    if (known.uniqueId !== real.uniqueId) {
      return lost(real.domid, `is #${real.uniqueId}, not #${known.uniqueId}`);
    }
    if (((known.state ^ real.state) & COMPARED) !== 0) {
      return lost(real.domid, `has state ${real.state}, not ${known.state}`);
    }
  }
  for (const { domid } of table) {
    if (!domains.some((real) => real.domid === domid)) return lost(domid, "is gone");
  }
  return undefined;
};

/** May this caller drain, or ask for this domain? As Xen decides without a security module. */
export const mayLearn = (caller: DomainInfo | undefined): boolean =>
  caller !== undefined && (caller.caps & (CAPS.control | CAPS.xenstore)) !== 0;
