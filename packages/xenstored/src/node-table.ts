import type { StoreNode } from "./store-node.ts";

/** Fewer removed nodes than this are not worth a new map. */
const FEW = 64;

/**
 * The nodes of a store by path.
 *
 * A removed node is only marked, and left where it is until there are half as many removed ones as others: removing
 * looks nothing up, and a path that comes and goes does not lengthen V8's chains (see {@link ChurnMap}).
 */
export class NodeTable {
  #entries = new Map<string, StoreNode>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(path: string): StoreNode | undefined {
    const node = this.#entries.get(path);
    return node === undefined || node.removed ? undefined : node;
  }

  /** Adds a node whose path has none. */
  add(node: StoreNode): void {
    this.#entries.set(node.path, node);
    this.#size += 1;
  }

  /** Removes a node. {@link sweep} is to be called after all that are removed together. */
  remove(node: StoreNode): void {
    node.removed = true;
    this.#size -= 1;
  }

  /** Lets removed nodes go if there are many. */
  sweep(): void {
    if (this.#entries.size - this.#size <= this.#size / 2 + FEW) return;
    const entries = new Map<string, StoreNode>();
    for (const [path, node] of this.#entries) if (!node.removed) entries.set(path, node);
    this.#entries = entries;
  }
}
