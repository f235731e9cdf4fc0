import type { Domain } from "./domain.ts";

/**
 * A page of one domain that another domain has mapped. It holds a reference on the owner until it
 * is unmapped.
 */
export interface Mapping {
  /** Names the mapping. Not reused. */
  readonly handle: number;
  readonly mapper: Domain;
  readonly owner: Domain;
  /** The grant reference, or -1 for a foreign mapping by frame number. */
  readonly ref: number;
  readonly gfn: number;
  /** The page itself: 4096 bytes, shared with the owner. */
  readonly page: Uint8Array;
}

/** All mappings of the host, by handle, and by who made them. */
export class Mappings {
  nextHandle = 1;
  readonly #mappings = new Map<number, Mapping>();
  readonly #byMapper = new Map<Domain, Set<Mapping>>();

  get(handle: number): Mapping | undefined {
    return this.#mappings.get(handle);
  }

  /** How many pages of others the domain has mapped. */
  countOf(mapper: Domain): number {
    return this.#byMapper.get(mapper)?.size ?? 0;
  }

  of(mapper: Domain): Iterable<Mapping> {
    return this.#byMapper.get(mapper) ?? [];
  }

  add(mapping: Mapping): void {
    this.#mappings.set(mapping.handle, mapping);
    const made = this.#byMapper.get(mapping.mapper);
    if (made === undefined) this.#byMapper.set(mapping.mapper, new Set([mapping]));
    else made.add(mapping);
  }

  /** False when somebody else has removed it. */
  remove(mapping: Mapping): boolean {
    if (!this.#mappings.delete(mapping.handle)) return false;
    const made = this.#byMapper.get(mapping.mapper);
    made?.delete(mapping);
    if (made?.size === 0) this.#byMapper.delete(mapping.mapper);
    return true;
  }

  [Symbol.iterator](): Iterator<Mapping> {
    return this.#mappings.values();
  }
}
