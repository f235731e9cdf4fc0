import { DOMID } from "@xenkit/abi";
import type { Domain } from "./domain.ts";

/** How many domids there are. */
const DOMIDS = DOMID.firstReserved;

/** The domains that can be found, by domid. A domain that was unlinked is not found any more, although its domid is still in use. */
export class DomainTable {
  readonly #domains: (Domain | undefined)[] = new Array<Domain | undefined>(DOMIDS).fill(undefined);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param domid - Any number: what is no domid finds nothing. */
  find(domid: number): Domain | undefined {
    return domid >= 0 && domid < DOMIDS ? this.#domains[domid] : undefined;
  }

  /** The first domain at or after a domid: O(domids), what the old way of enumerating costs. */
  findFrom(domid: number): Domain | undefined {
    for (let at = domid; at < DOMIDS; at += 1) {
      const domain = this.#domains[at];
      if (domain !== undefined) return domain;
    }
    return undefined;
  }

  link(domain: Domain): void {
    this.#domains[domain.domid] = domain;
    this.#count += 1;
  }

  unlink(domain: Domain): void {
    this.#domains[domain.domid] = undefined;
    this.#count -= 1;
  }

  /** In the order of their domids. */
  *[Symbol.iterator](): Iterator<Domain> {
    for (const domain of this.#domains) if (domain !== undefined) yield domain;
  }
}
