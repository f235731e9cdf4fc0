/** A page that a guest shares. */
export interface Grant {
  /** The domid of who may map it, 16 bits. */
  readonly grantee: number;
  /** Which of the guest's pages. */
  readonly gfn: number;
  readonly access: "read-write" | "read-only";
}

/** Grant references with a fixed meaning. Source: Xen's public `grant_table.h`. */
export const GNTREF = { console: 0, xenstore: 1 } as const;

/** The grant table of one guest, by reference. */
export class GrantTable {
  readonly #grants = new Map<number, Grant>();
  /** References are below this. */
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  get(ref: number): Grant | undefined {
    return this.#grants.get(ref);
  }

  set(ref: number, grant: Grant): void {
    this.#grants.set(ref, grant);
  }

  revoke(ref: number): boolean {
    return this.#grants.delete(ref);
  }

  release(): void {
    this.#grants.clear();
  }

  [Symbol.iterator](): Iterator<[number, Grant]> {
    return this.#grants.entries();
  }
}
