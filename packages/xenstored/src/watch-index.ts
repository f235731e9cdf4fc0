import { parentPath } from "@xenkit/xenstore-wire";
import { ChurnMap } from "./churn-map.ts";

/** A watch. Strings are binary strings. */
export interface Watch<Watcher = unknown> {
  readonly watcher: Watcher;
  /** Canonical. */
  readonly path: string;
  readonly token: string;
  /** How many levels below the path an event may be; undefined: any number. */
  readonly depth: number | undefined;
  /** How much of a path is cut off before it is told: the prefix that a relative watch was given. */
  readonly cut: number;
  /** Watches of one watcher are told in this order. */
  readonly order: number;
}

/**
 * All watches by path: what a change costs grows with the levels of its path and the watches that match, not with
 * those that there are.
 */
export class WatchIndex<Watcher> {
  readonly #byPath = new ChurnMap<Set<Watch<Watcher>>>();
  #size = 0;
  /** No path that is watched is longer. */
  #longest = 0;

  /** Whether there is a watch on exactly this path. */
  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  /** How many watches there are. */
  get size(): number {
    return this.#size;
  }

  add(watch: Watch<Watcher>): void {
    this.#size += 1;
    this.#longest = Math.max(this.#longest, watch.path.length);
    const watches = this.#byPath.get(watch.path);
    if (watches === undefined) this.#byPath.set(watch.path, new Set([watch]));
    else watches.add(watch);
  }

  remove(watch: Watch<Watcher>): void {
    const watches = this.#byPath.get(watch.path);
    if (watches?.delete(watch)) {
      this.#size -= 1;
      if (watches.size === 0) this.#byPath.delete(watch.path);
    }
    if (this.#byPath.size === 0) this.#longest = 0;
  }

  /** The watches on exactly this path. */
  exact(path: string): Watch<Watcher>[] {
    return [...(this.#byPath.get(path) ?? [])];
  }

  /** The watches on this path and above it whose depth reaches down to it. */
  covering(path: string): Watch<Watcher>[] {
    const found: Watch<Watcher>[] = [];
    if (this.#byPath.size === 0) return found;
    for (let at = this.#firstCandidate(path); at !== undefined; at = parentPath(at)) {
      for (const watch of this.#byPath.get(at) ?? []) {
        if (watch.depth === undefined || watch.depth >= levelsBetween(at, path)) found.push(watch);
      }
    }
    return found;
  }

  /** Of a path far longer than any that is watched, most levels need no look. */
  #firstCandidate(path: string): string | undefined {
    if (path.length <= this.#longest) return path;
    const slash = path.lastIndexOf("/", this.#longest);
    return slash > 0 ? path.slice(0, slash) : "/";
  }
}

/** How many levels `path` is below `above`, which is the same or one above it. */
const levelsBetween = (above: string, path: string): number => {
  let levels = 0;
  const start = above === "/" ? 0 : above.length;
  if (above.length === path.length) return 0;
  for (let at = path.indexOf("/", start); at !== -1; at = path.indexOf("/", at + 1)) levels += 1;
  return levels;
};
