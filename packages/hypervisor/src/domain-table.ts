import { DOMID } from "@xenkit/abi";
import { type Domain, isXenstore } from "./domain.ts";

/** How many domids there are. */
const DOMIDS = DOMID.firstReserved;

/** How many places a new table has: it doubles them as it needs them. */
const FEW = 64;

/**
 * The domains that can be found, by domid. A domain that was unlinked is not found any more,
 * although its domid is still in use.
 */
export class DomainTable {
  #domains: (Domain | undefined)[] = new Array<Domain | undefined>(FEW).fill(undefined);
  readonly #xenstores = new Set<Domain>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param domid - Any number: what is no domid finds nothing. */
  find(domid: number): Domain | undefined {
    return domid >= 0 && domid < this.#domains.length ? this.#domains[domid] : undefined;
  }

  /** The first domain at or after a domid: O(domids), what the old way of enumerating costs. */
  findFrom(domid: number): Domain | undefined {
    for (let at = domid; at < this.#domains.length; at += 1) {
      const domain = this.#domains[at];
      if (domain !== undefined) return domain;
    }
    return undefined;
  }

  /** The Xenstore domain that has been there longest. */
  get xenstore(): Domain | undefined {
    for (const domain of this.#xenstores) return domain;
    return undefined;
  }

  link(domain: Domain): void {
    if (domain.domid >= this.#domains.length) this.#grow(domain.domid + 1);
    this.#domains[domain.domid] = domain;
    this.#count += 1;
    if (isXenstore(domain)) this.#xenstores.add(domain);
  }

  unlink(domain: Domain): void {
    this.#domains[domain.domid] = undefined;
    this.#count -= 1;
    this.#xenstores.delete(domain);
  }

  #grow(atLeast: number): void {
    let length = this.#domains.length;
    while (length < atLeast) length *= 2;
    const more = Math.min(length, DOMIDS) - this.#domains.length;
    this.#domains = [...this.#domains, ...new Array<undefined>(more).fill(undefined)];
  }

  /** In the order of their domids. */
  *[Symbol.iterator](): Iterator<Domain> {
    for (const domain of this.#domains) if (domain !== undefined) yield domain;
  }
}
