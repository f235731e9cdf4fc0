import { ACCESS } from "@xenkit/xenstore-wire";
import { Broken } from "./broken.ts";
import { accessOf, type Caller } from "./model-perms.ts";
import type { Change } from "./model-types.ts";

/** What a watch must tell of one path. */
interface Owed {
  /** An event must come that ends behind this position of the stream: one that was sent before says nothing. */
  behind: number;
  isDue: boolean;
  /** When the oldest change was that is not told yet, in virtual milliseconds: later ones are merged into its event. */
  since: number;
  wasHeard: boolean;
  /** The entry into the daemon that made the last change. */
  entry: number;
  /** Changes that no event was heard of yet: there can be no more events than changes. */
  changes: number;
}

interface Watch {
  readonly path: string;
  readonly token: string;
  /** How many levels below its path it is told of; undefined: any number. */
  readonly depth: number | undefined;
  /** How much of a path it is not told: of the home, if its own path is relative. */
  readonly cut: number;
  readonly owed: Map<string, Owed>;
}

/** Where and when a change is made. */
export interface Moment {
  /** Bytes that the daemon has given out to the session. */
  readonly written: number;
  readonly now: number;
  readonly entry: number;
}

/** The watches of one session, and what they must and may tell. */
export class WatchLedger {
  readonly watches: Map<string, Watch> = new Map();
  readonly #caller: Caller;
  /** Events of watches that are no more may still come. */
  readonly #gone = new Set<string>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get size(): number {
    return this.watches.size;
  }

  /** What they are charged with, in bytes. */
  get memory(): number {
    let sum = 0;
    for (const { path, token } of this.watches.values()) sum += path.length + token.length;
    return sum;
  }

  set(watch: Omit<Watch, "owed">, moment: Moment): void {
    const made = { ...watch, owed: new Map<string, Owed>() };
    this.watches.set(watch.token, made);
    // A watch tells once of itself, whatever may be read.
    owe(made, watch.path, moment);
  }

  end(token: string): boolean {
    this.#gone.add(token);
    return this.watches.delete(token);
  }

  clear(): void {
    for (const token of this.watches.keys()) this.#gone.add(token);
    this.watches.clear();
  }

  change({ path, how, readable }: Change, moment: () => Moment): void {
    if (this.watches.size === 0) return;
    for (const watch of this.watches.values()) {
      if (path !== watch.path && (how === "exact" || !isBelow(path, watch))) continue;
      if (readable.every((perms) => (accessOf(perms, this.#caller) & ACCESS.read) === 0)) continue;
      owe(watch, path, moment());
    }
  }

  /** @param end - The position behind the event. */
  hear(path: string, token: string, end: number): void {
    const watch = this.watches.get(token);
    if (watch === undefined) {
      if (this.#gone.has(token)) return;
      throw new Broken(`an event for the watch ${token}, which never was`);
    }
    const owed = watch.owed.get(path);
    // A token that was used before may still have events of then.
    if ((owed === undefined || owed.changes === 0) && !this.#gone.has(token)) {
      throw new Broken(`an event for ${path} on ${watch.path}, which did not change`);
    }
    if (owed === undefined) return;
    owed.changes = Math.max(0, owed.changes - 1);
    if (end <= owed.behind) return;
    owed.isDue = false;
    owed.wasHeard = true;
  }

  /** The daemon has dropped events for want of room: they may be missed. */
  excuseEntry(entry: number): void {
    for (const owed of this.#owed()) if (owed.entry === entry) owed.isDue = false;
  }

  /** The daemon has dropped events that were older. */
  excuseSince(time: number): void {
    for (const owed of this.#owed()) if (owed.since <= time) owed.isDue = false;
  }

  /** All that was sent has been heard. @returns What was missed. */
  missed(): string | undefined {
    for (const { path, token, owed } of this.watches.values()) {
      for (const [changed, { isDue }] of owed) {
        if (isDue) return `the watch ${token} on ${path} was not told of ${changed}`;
      }
      owed.clear();
    }
    return undefined;
  }

  *#owed(): Iterable<Owed> {
    for (const { owed } of this.watches.values()) yield* owed.values();
  }
}

const owe = ({ cut, owed }: Watch, path: string, { written, now, entry }: Moment): void => {
  const told = path.slice(cut);
  const one = owed.get(told);
  if (one === undefined) {
    const wasHeard = false;
    owed.set(told, { behind: written, isDue: true, since: now, wasHeard, entry, changes: 1 });
    return;
  }
  if (one.wasHeard) one.since = now;
  one.wasHeard = false;
  one.isDue = true;
  one.behind = written;
  one.entry = entry;
  one.changes += 1;
};

const isBelow = (path: string, { path: above, depth }: Watch): boolean => {
  const start = above === "/" ? "/" : `${above}/`;
  if (!path.startsWith(start)) return false;
  return depth === undefined || path.slice(start.length).split("/").length <= depth;
};
