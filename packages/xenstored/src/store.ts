import { parentPath } from "@xenkit/xenstore-wire";
import { DomidIndex } from "./domid-index.ts";
import type { MemoryUse } from "./memory-use.ts";
import { NodeTable } from "./node-table.ts";
import type { Perms } from "./perms.ts";
import { StoreNode } from "./store-node.ts";
import type { NodeView, Tree } from "./tree.ts";
import { NO_VALUE, type Value } from "./value.ts";

/**
 * The committed nodes.
 *
 * One map from whole paths to nodes: a look-up costs the length of the path, whatever the number of siblings, levels
 * and nodes. Every change stamps the node with the next generation, a change of its children the parent too.
 * Special nodes (`@…`) live beside the tree: no parent, no children.
 */
export class Store implements Tree {
  /** Counts changes; 1 is `/` at the start. A number: 2⁵³ changes are 285 years at a million a second. */
  generation = 0;
  /** Which nodes name a domain, and how many each owns. */
  readonly index: DomidIndex;
  readonly root: StoreNode;
  readonly #nodes = new NodeTable();

  /**
   * @param counted - Told how many nodes a domain owns, at each change.
   * @param memory - Charged with what each domain owns.
   */
  constructor(
    rootPerms: Perms,
    counted: (domid: number, count: number) => void,
    memory: MemoryUse,
  ) {
    this.index = new DomidIndex(counted, memory);
    this.root = this.#add("/", undefined, NO_VALUE, rootPerms);
  }

  /** How many nodes there are, special ones included. */
  get size(): number {
    return this.#nodes.size;
  }

  find(path: string): StoreNode | undefined {
    return this.#nodes.get(path);
  }

  nearestAbove(path: string): StoreNode | undefined {
    const slashes: number[] = [];
    for (let at = path.indexOf("/", 1); at !== -1; at = path.indexOf("/", at + 1)) slashes.push(at);
    // Whatever exists has all its ancestors: the deepest that exists is found by halving.
    let nearest = path === "/" ? undefined : this.root;
    let from = 0;
    let to = slashes.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const node = this.#nodes.get(path.slice(0, slashes[middle]));
      if (node === undefined) to = middle;
      else {
        nearest = node;
        from = middle + 1;
      }
    }
    return nearest;
  }

  *childNames(node: NodeView): Generator<string> {
    for (const child of own(node).children()) yield child.name;
  }

  create(path: string, value: Value, perms: Perms): StoreNode {
    const above = parentPath(path);
    const parent = above === undefined ? undefined : this.#nodes.get(above);
    if (parent === undefined || this.#nodes.get(path) !== undefined)
      throw new TypeError(`cannot create ${path}`);
    const node = this.#add(path, parent, value, perms);
    parent.append(node);
    this.index.resized(parent, node.name.length + 1);
    parent.generation = this.#stamp();
    return node;
  }

  /** Makes a node beside the tree. `name` begins with `@`. */
  createSpecial(name: string, perms: Perms): StoreNode {
    return this.#add(name, undefined, NO_VALUE, perms);
  }

  setValue(node: NodeView, value: Value): void {
    const mine = own(node);
    this.index.resized(mine, value.length - mine.value.length);
    mine.value = value;
    mine.generation = this.#stamp();
  }

  /** Both at once: one new generation. */
  replace(node: StoreNode, value: Value, perms: Perms): void {
    this.index.resized(node, value.length - node.value.length);
    node.value = value;
    this.setPerms(node, perms);
  }

  setPerms(node: NodeView, perms: Perms): void {
    this.replacePerms(own(node), perms);
    own(node).generation = this.#stamp();
  }

  /** Replaces the list without a new generation: of entries that mean nothing any more. */
  replacePerms(node: StoreNode, perms: Perms): void {
    this.index.move(node, node.perms, perms);
    node.perms = perms;
  }

  remove(node: NodeView, removed: (node: StoreNode) => void): void {
    const top = own(node);
    const parent = top.parent;
    if (parent === undefined) throw new TypeError(`cannot remove ${top.path}`);
    // Down to the first leaf, then from leaf to next leaf, up when there is none: no recursion, no stack.
    let at = firstLeaf(top);
    while (at !== top) {
      const up = at.parent as StoreNode;
      const following = at.next;
      this.#drop(at, removed);
      at = following === undefined ? up : firstLeaf(following);
    }
    this.#drop(top, removed);
    this.#nodes.sweep();
    parent.unlink(top);
    this.index.resized(parent, -top.name.length - 1);
    parent.generation = this.#stamp();
  }

  /** All nodes of the tree, parents before children, siblings in order. Not to be mixed with changes. */
  *walk(): Generator<StoreNode> {
    let at: StoreNode | undefined = this.root;
    while (at !== undefined) {
      yield at;
      let following: StoreNode | undefined = at.firstChild;
      for (
        let up: StoreNode | undefined = at;
        following === undefined && up !== undefined;
        up = up.parent
      ) {
        following = up.next;
      }
      at = following;
    }
  }

  #add(path: string, parent: StoreNode | undefined, value: Value, perms: Perms): StoreNode {
    const node = new StoreNode(path, parent, value, perms, this.#stamp());
    this.#nodes.add(node);
    this.index.add(node, perms);
    return node;
  }

  #drop(node: StoreNode, removed: (node: StoreNode) => void): void {
    removed(node);
    node.releasePins();
    this.#nodes.remove(node);
    this.index.remove(node, node.perms);
  }

  #stamp(): number {
    this.generation += 1;
    return this.generation;
  }
}

const own = (node: NodeView): StoreNode => node as StoreNode;

const firstLeaf = (node: StoreNode): StoreNode => {
  let at = node;
  for (let child = at.firstChild; child !== undefined; child = at.firstChild) at = child;
  return at;
};
