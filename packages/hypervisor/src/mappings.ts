import type { Domain } from "./domain.ts";

/**
 * A page of one domain that another domain has mapped. It holds a reference on the owner until it
 * is unmapped.
 */
export interface Mapping {
  /** Names the mapping, 1 … 2^32 − 1. Not used again before all others were. */
  readonly handle: number;
  readonly mapper: Domain;
  readonly owner: Domain;
  /** The grant reference, or -1 for a foreign mapping by frame number. */
  readonly ref: number;
  readonly gfn: number;
  /** The page itself: 4096 bytes, shared with the owner. */
  readonly page: Uint8Array;
}

/** The last handle: the field of the answer is a u32. */
export const LAST_HANDLE: number = 2 ** 32 - 1;

const after = (handle: number): number => (handle === LAST_HANDLE ? 1 : handle + 1);

/** All mappings of the host, by handle, and by who made them. */
export class Mappings {
  /** Where the search for the next handle begins. */
  nextHandle = 1;
  readonly #mappings = new Map<number, Mapping>();
  readonly #byMapper = new Map<Domain, Set<Mapping>>();

  /** A handle that names no mapping now: upwards, and from the last on to 1. */
  takeHandle(): number {
    let handle = this.nextHandle;
    while (this.#mappings.has(handle)) handle = after(handle);
    this.nextHandle = after(handle);
    return handle;
  }

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
