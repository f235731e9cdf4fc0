/** Fewer removed keys than this are not worth a new map. */
const FEW = 64;

/**
 * A map whose keys are removed and added again all the time.
 *
 * V8's `Map` leaves what is deleted in the chain of its bucket until it grows: adding and deleting the same key beside
 * 10,000 others takes 16 µs, as one walks over all its former selves. Here a removed key stays, without a value, and is
 * used again; when there are more removed keys than others the map is made anew.
 */
export class ChurnMap<Value extends object> {
  #entries = new Map<string, Value | undefined>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.get(key) !== undefined;
  }

  set(key: string, value: Value): void {
    if (this.#entries.get(key) === undefined) this.#size += 1;
    this.#entries.set(key, value);
  }

  /** @returns Whether the key was there. */
  delete(key: string): boolean {
    if (this.#entries.get(key) === undefined) return false;
    this.#entries.set(key, undefined);
    this.#size -= 1;
    if (this.#entries.size - this.#size > this.#size + FEW) this.#dropRemoved();
    return true;
  }

  #dropRemoved(): void {
    const entries = new Map<string, Value | undefined>();
    for (const [key, value] of this.#entries) if (value !== undefined) entries.set(key, value);
    this.#entries = entries;
  }
}
