import { childPath, parentPath, type WireErrorName } from "@xenkit/xenstore-wire";
import { nodeMemory, nodeSize } from "./memory-use.ts";
import type { Perms } from "./perms.ts";
import { Refusal } from "./refusal.ts";
import type { Store } from "./store.ts";
import type { TransactionLog } from "./transaction-log.ts";
import { TransactionNode } from "./transaction-node.ts";
import type { NodeView, Tree } from "./tree.ts";
import type { Value } from "./value.ts";

/** What a transaction is told at its start. */
export interface TransactionOptions {
  readonly id: number;
  readonly store: Store;
  /** What it was asked; undefined: that is not kept. */
  readonly log: TransactionLog | undefined;
  /** How many domains have ended before. */
  readonly domainsEnded: number;
  /**
   * Why it may not touch this many nodes, missing ones included. Asked at each new one.
   *
   * @param path - The length of the last one's path.
   * @param copy - Its size as the `node-size` quota has it; 0: it is missing.
   */
  readonly refuse: (count: number, path: number, copy: number) => WireErrorName | undefined;
  /** After a commit a domain would own this many nodes more than now. */
  readonly owns: (domid: number, more: number) => void;
  /** It holds more bytes, or fewer. */
  readonly charge: (change: number) => void;
  /** It has ended. */
  readonly ended: () => void;
}

/**
 * A transaction: an overlay over the committed nodes, of the paths that it touched.
 *
 * A path is copied at its first access, so later changes outside stay invisible; there is no snapshot of the rest.
 * The order of first accesses is kept: a commit announces changes in it.
 */
export class Transaction implements Tree {
  readonly id: number;
  /** A limit was hit inside: it can be used on, but not committed. */
  failed = false;
  readonly nodes: Map<string, TransactionNode> = new Map();
  readonly #store: Store;
  readonly log: TransactionLog | undefined;
  readonly domainsEnded: number;
  readonly #refuse: TransactionOptions["refuse"];
  readonly #owns: TransactionOptions["owns"];
  readonly #charge: TransactionOptions["charge"];
  readonly #ended: () => void;
  /** What was charged, in bytes. */
  #charged = 0;
  #open = true;
  /** By domid: how many nodes more it would own after a commit. */
  readonly #owned = new Map<number, number>();

  constructor(options: TransactionOptions) {
    this.id = options.id;
    this.log = options.log;
    this.domainsEnded = options.domainsEnded;
    this.#store = options.store;
    this.#refuse = options.refuse;
    this.#owns = options.owns;
    this.#charge = options.charge;
    this.#ended = options.ended;
  }

  find(path: string): TransactionNode | undefined {
    const node = this.#touch(path);
    return node.exists ? node : undefined;
  }

  /** Each level that is looked at is an access. */
  nearestAbove(path: string): TransactionNode | undefined {
    for (let at = parentPath(path); at !== undefined; at = parentPath(at)) {
      const node = this.find(at);
      if (node !== undefined) return node;
    }
    return undefined;
  }

  childNames(node: NodeView): Iterable<string> {
    return own(node).childNames();
  }

  create(path: string, value: Value, perms: Perms): TransactionNode {
    const above = parentPath(path);
    const parent = above === undefined ? undefined : this.find(above);
    const node = this.#touch(path);
    if (parent === undefined || node.exists) throw new TypeError(`cannot create ${path}`);
    parent.addChild(path);
    parent.generation = this.#store.generation;
    this.#weigh(parent);
    node.exists = true;
    node.value = value;
    this.#count(perms, 1);
    this.#write(node, perms);
    return node;
  }

  setValue(node: NodeView, value: Value): void {
    const mine = own(node);
    mine.value = value;
    this.#write(mine, mine.perms);
  }

  setPerms(node: NodeView, perms: Perms): void {
    this.#count(node.perms, -1);
    this.#count(perms, 1);
    this.#write(own(node), perms);
  }

  remove(node: NodeView, removed: (node: TransactionNode) => void): void {
    const top = own(node);
    const above = parentPath(top.path);
    const parent = above === undefined ? undefined : this.find(above);
    // Every path below is touched first, parents before children: that is the order of a commit's events, and a
    // refusal half-way leaves nothing half removed.
    const doomed: TransactionNode[] = [];
    const waiting: TransactionNode[] = [top];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      doomed.push(next);
      const children: TransactionNode[] = [];
      for (const name of next.childNames()) {
        const child = this.#touch(childPath(next.path, name));
        if (child.exists) children.push(child);
      }
      waiting.push(...children.reverse());
    }
    for (const next of doomed.reverse()) {
      removed(next);
      this.#count(next.perms, -1);
      next.remove();
    }
    // A parent may have gone outside since the transaction looked at its child, a child since it looked at its parent.
    // Such a transaction cannot be committed any more; until then it is answered as well as can be.
    if (parent === undefined) return;
    parent.removeChild(top);
    parent.generation = this.#store.generation;
  }

  /** Has the commit announce a change of `path`. A descendant of what is removed is told to its own watches only. */
  announce(path: string, how: "path" | "exact"): void {
    const node = this.nodes.get(path);
    if (node !== undefined && node.announce !== "path") node.announce = how;
  }

  /** How many nodes more (or fewer) a domain would own after a commit. */
  ownedChange(domid: number): number {
    return this.#owned.get(domid) ?? 0;
  }

  /** Whether every path touched is as it was at the first access. */
  unchangedOutside(): boolean {
    for (const { path, baseGeneration } of this.nodes.values()) {
      if ((this.#store.find(path)?.generation ?? 0) !== baseGeneration) return false;
    }
    return true;
  }

  /** Lets the store go. To be called at the end, whatever the result. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const node of this.nodes.values()) node.unpin();
    this.nodes.clear();
    this.#charge(-this.#charged);
    this.#ended();
  }

  #touch(path: string): TransactionNode {
    const known = this.nodes.get(path);
    if (known !== undefined) return known;
    const base = this.#store.find(path);
    const perms = base?.perms ?? this.#store.root.perms;
    const copy = base === undefined ? 0 : nodeSize(base, perms);
    const refused = this.#refuse(this.nodes.size + 1, path.length, copy);
    if (refused !== undefined) {
      this.failed = true;
      throw new Refusal(refused);
    }
    const node = new TransactionNode(path, base, perms, this.#store.generation);
    node.memory = path.length + copy;
    this.#charged += node.memory;
    this.#charge(node.memory);
    this.nodes.set(path, node);
    return node;
  }

  /** Charges what a node has become. */
  #weigh(node: TransactionNode): void {
    const change = nodeMemory(node, node.perms) - node.memory;
    node.memory += change;
    this.#charged += change;
    this.#charge(change);
  }

  #count([{ domid }]: Perms, change: number): void {
    const more = this.ownedChange(domid) + change;
    this.#owned.set(domid, more);
    this.#owns(domid, more);
  }

  #write(node: TransactionNode, perms: Perms): void {
    node.perms = perms;
    node.written = true;
    node.generation = this.#store.generation;
    this.#weigh(node);
  }
}

const own = (node: NodeView): TransactionNode => node as TransactionNode;
