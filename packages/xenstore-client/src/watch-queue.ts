/** Something changed, or may have: read it now. */
export interface WatchEvent {
  /** The path that changed, spelled like the watched one; the watched path itself for the first event. */
  readonly path: string;
  /**
   * How many events were given up just before this one, as the queue was full. Not 0: look at everything below
   * the watched path.
   */
  readonly missed: number;
}

/**
 * What a full queue does.
 *
 * - `merge`: an event like one that waits already is dropped at once (not those of `@…` paths). When the queue is
 *   full of different ones, they all become one event of the watched path, with `missed` set.
 * - `drop-oldest`: every event is kept; the oldest give way.
 * - `error`: every event is kept; one too many ends the watch with `queue-overflow`.
 */
export type WatchOverflow = "merge" | "drop-oldest" | "error";

/** Events between the server and a slow reader: never more than `limit` (XSA-349). */
export class WatchQueue {
  readonly #path: string;
  readonly #limit: number;
  readonly #overflow: WatchOverflow;
  #events: WatchEvent[] = [];
  #head = 0;
  readonly #waiting = new Set<string>();
  #missed = 0;

  /** @param path - The watched path. @param limit - Events that may wait, ≥ 1. */
  constructor(path: string, limit: number, overflow: WatchOverflow) {
    this.#path = path;
    this.#limit = limit;
    this.#overflow = overflow;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  /** @returns False when the policy is `error` and there is no room. */
  push(path: string): boolean {
    const merges = this.#overflow === "merge" && !path.startsWith("@");
    if (merges && this.#waiting.has(path)) return true;
    if (this.size >= this.#limit) {
      if (this.#overflow === "error") return false;
      if (this.#overflow === "merge") {
        this.#collapse();
        return true;
      }
      this.#missed += 1 + (this.#take()?.missed ?? 0);
    }
    if (merges) this.#waiting.add(path);
    this.#events.push({ path, missed: 0 });
    return true;
  }

  /** The oldest event; undefined when there is none. */
  shift(): WatchEvent | undefined {
    const event = this.#take();
    if (event === undefined || this.#missed === 0) return event;
    const missed = event.missed + this.#missed;
    this.#missed = 0;
    return { path: event.path, missed };
  }

  clear(): void {
    this.#events = [];
    this.#head = 0;
    this.#waiting.clear();
    this.#missed = 0;
  }

  #take(): WatchEvent | undefined {
    const event = this.#events[this.#head];
    if (event === undefined) return undefined;
    this.#head += 1;
    this.#waiting.delete(event.path);
    if (this.#head === this.#events.length) {
      this.#events = [];
      this.#head = 0;
    } else if (this.#head > this.#limit) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event;
  }

  /** All that waits, and the one that found no room, become one. */
  #collapse(): void {
    let missed = 1;
    for (const event of this.#events.slice(this.#head)) missed += 1 + event.missed;
    this.clear();
    if (!this.#path.startsWith("@")) this.#waiting.add(this.#path);
    this.#events.push({ path: this.#path, missed });
  }
}
