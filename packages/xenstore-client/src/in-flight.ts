import type { Request } from "./request.ts";

const FIRST_SIZE = 256;

/**
 * The requests that are sent and not answered, by req_id.
 *
 * Numbers count up, so the lowest bits find the place. A `Map` would do, but not for long: each table that it outgrows
 * points to the next, so that once one of them is old all later ones live, with all that is in them, until the next
 * full collection.
 */
export class InFlight {
  #requests: (Request | undefined)[] = new Array<Request | undefined>(FIRST_SIZE).fill(undefined);
  #ids = new Uint32Array(FIRST_SIZE);
  #lastId: number;
  #size = 0;

  /** @param lastId - A u32; the first req_id is the next. */
  constructor(lastId: number) {
    this.#lastId = lastId;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns Its req_id: a u32 that no other has; never 0, which events have. */
  add(request: Request): number {
    if (this.#size * 2 >= this.#ids.length) this.#grow();
    const mask = this.#ids.length - 1;
    let id = this.#lastId;
    do id = (id + 1) >>> 0;
    while (id === 0 || this.#requests[id & mask] !== undefined);
    this.#lastId = id;
    this.#requests[id & mask] = request;
    this.#ids[id & mask] = id;
    this.#size += 1;
    return id;
  }

  get(id: number): Request | undefined {
    const place = id & (this.#ids.length - 1);
    return this.#ids[place] === id ? this.#requests[place] : undefined;
  }

  /** It must be there. */
  remove(id: number): void {
    this.#requests[id & (this.#ids.length - 1)] = undefined;
    this.#size -= 1;
  }

  /** The req_ids, that of the oldest first. Looks at every place. */
  ids(): number[] {
    const ids = [...this.#ids].filter((_, place) => this.#requests[place] !== undefined);
    const age = (id: number): number => (this.#lastId - id) >>> 0;
    return ids.sort((a, b) => age(b) - age(a));
  }

  /** What was there, the oldest first. */
  clear(): Request[] {
    const all = this.ids().flatMap((id) => this.get(id) ?? []);
    this.#requests.fill(undefined);
    this.#size = 0;
    return all;
  }

  /** Two that differ in their lowest bits differ in one more. */
  #grow(): void {
    const all = this.ids().map((id) => [id, this.get(id)] as const);
    this.#ids = new Uint32Array(this.#ids.length * 2);
    this.#requests = new Array<Request | undefined>(this.#ids.length).fill(undefined);
    for (const [id, request] of all) {
      this.#ids[id & (this.#ids.length - 1)] = id;
      this.#requests[id & (this.#ids.length - 1)] = request;
    }
  }
}
