import { type MemoryUse, nodeMemory } from "./memory-use.ts";
import type { Perms, PermsEntry } from "./perms.ts";
import type { StoreNode } from "./store-node.ts";

/** Domain 0 owns most of a store and never dies while the daemon lives: it is counted, but not listed. */
const UNLISTED = 0;

const NONE: ReadonlySet<StoreNode> = new Set();

/**
 * Which nodes name a domid in their permissions, and how many nodes each domid owns: a domain's end costs what the
 * domain had, not a walk over the store.
 */
export class DomidIndex {
  readonly #naming = new Map<number, Set<StoreNode>>();
  readonly #owned = new Map<number, number>();
  /** What {@link UNLISTED} owns: most of what there is. */
  #unlisted = 0;
  readonly #counted: (domid: number, count: number) => void;
  readonly #memory: MemoryUse;

  /**
   * @param counted - Told of each new count.
   * @param memory - Charged with what each domain owns.
   */
  constructor(counted: (domid: number, count: number) => void, memory: MemoryUse) {
    this.#counted = counted;
    this.#memory = memory;
  }

  /** How many nodes `domid` owns. */
  owned(domid: number): number {
    return domid === UNLISTED ? this.#unlisted : (this.#owned.get(domid) ?? 0);
  }

  /** The nodes with an entry of `domid`, the owner's included; none for domain 0. Live: copy it before changes. */
  naming(domid: number): ReadonlySet<StoreNode> {
    return this.#naming.get(domid) ?? NONE;
  }

  add(node: StoreNode, perms: Perms): void {
    this.#count(perms[0].domid, 1);
    this.#charge(node, perms, 1);
    for (const { domid } of perms) {
      if (domid === UNLISTED) continue;
      const nodes = this.#naming.get(domid);
      if (nodes === undefined) this.#naming.set(domid, new Set([node]));
      else nodes.add(node);
    }
  }

  remove(node: StoreNode, perms: Perms): void {
    this.#count(perms[0].domid, -1);
    this.#charge(node, perms, -1);
    for (let index = 0; index < perms.length; index += 1) {
      this.#forget(node, perms[index] as PermsEntry);
    }
  }

  move(node: StoreNode, from: Perms, to: Perms): void {
    this.remove(node, from);
    this.add(node, to);
  }

  /** What a node holds has become longer, or shorter. */
  resized({ perms }: StoreNode, change: number): void {
    if (perms[0].domid !== UNLISTED) this.#memory.charge(perms[0].domid, change);
  }

  #charge(node: StoreNode, perms: Perms, sign: 1 | -1): void {
    const owner = perms[0].domid;
    if (owner !== UNLISTED) this.#memory.charge(owner, sign * nodeMemory(node, perms));
  }

  #forget(node: StoreNode, { domid }: PermsEntry): void {
    if (domid === UNLISTED) return;
    const nodes = this.#naming.get(domid);
    if (nodes?.delete(node) && nodes.size === 0) this.#naming.delete(domid);
  }

  #count(domid: number, change: number): void {
    if (domid === UNLISTED) {
      this.#unlisted += change;
      this.#counted(domid, this.#unlisted);
      return;
    }
    const count = this.owned(domid) + change;
    if (count === 0) this.#owned.delete(domid);
    else this.#owned.set(domid, count);
    this.#counted(domid, count);
  }
}
