import { leafName } from "@xenkit/xenstore-wire";
import type { Perms } from "./perms.ts";
import type { ChildrenPin, StoreNode } from "./store-node.ts";
import type { NodeView } from "./tree.ts";
import { NO_VALUE, type Value } from "./value.ts";

const NONE: ReadonlySet<string> = new Set();

/** What a commit announces of a node. */
export type Announcement =
  | "nothing"
  /** To watches on exactly this path: a descendant of what was removed. */
  | "exact"
  /** To watches on this path and above it. */
  | "path";

/**
 * What a transaction knows of one path, from its first access on.
 *
 * Value and permissions are kept by reference: the store replaces them, it never changes them. The children are those
 * that the node had at the first access, without a copy as long as none of them leaves (see {@link ChildrenPin}), and
 * the transaction's own changes over them.
 */
export class TransactionNode implements NodeView, ChildrenPin {
  readonly path: string;
  /** The committed node at the first access; undefined: there was none. */
  readonly base: StoreNode | undefined;
  /** Its generation then, 0 for none: the commit compares it. */
  readonly baseGeneration: number;
  readonly basePerms: Perms | undefined;
  exists: boolean;
  value: Value;
  perms: Perms;
  generation: number;
  childCount: number;
  childBytes: number;
  /** What it was charged with, in bytes. */
  memory = 0;
  /** The value or the permissions were written. */
  written = false;
  /** The base was removed; what exists now, if anything, was made after that. */
  removed = false;
  announce: Announcement = "nothing";
  #added: Set<string> | undefined;
  /** Children of the base that were removed. */
  #gone: Set<string> | undefined;
  readonly #asOf: number;
  #kept: ReadonlySet<string> | undefined;

  /** @param asOf - The store's generation now: children born later are not seen. */
  constructor(path: string, base: StoreNode | undefined, perms: Perms, asOf: number) {
    this.path = path;
    this.base = base;
    this.baseGeneration = base?.generation ?? 0;
    this.basePerms = base?.perms;
    this.exists = base !== undefined;
    this.value = base?.value ?? NO_VALUE;
    this.perms = perms;
    this.generation = this.baseGeneration;
    this.childCount = base?.childCount ?? 0;
    this.childBytes = base?.childBytes ?? 0;
    this.#asOf = asOf;
    if (base !== undefined && base.childCount > 0) {
      base.pins ??= new Set();
      base.pins.add(this);
    }
  }

  /** Children that were made, in order. */
  get added(): ReadonlySet<string> {
    return this.#added ?? NONE;
  }

  /** Whether a commit has anything to do here. */
  get changed(): boolean {
    return this.written || this.removed || this.added.size > 0 || this.#gone !== undefined;
  }

  keepChildren(node: StoreNode): void {
    this.#kept = new Set(this.#ofBase(node));
  }

  /** Lets the store go: the transaction ends. */
  unpin(): void {
    const { base } = this;
    if (base?.pins?.delete(this) && base.pins.size === 0) base.pins = undefined;
  }

  *childNames(): Generator<string> {
    if (this.base !== undefined && !this.removed) {
      for (const name of this.#kept ?? this.#ofBase(this.base))
        if (!this.#gone?.has(name)) yield name;
    }
    yield* this.added;
  }

  addChild(path: string): void {
    const name = leafName(path);
    this.#added ??= new Set();
    this.#added.add(name);
    this.childCount += 1;
    this.childBytes += name.length + 1;
  }

  removeChild(child: TransactionNode): void {
    const name = leafName(child.path);
    if (!this.#added?.delete(name)) {
      if (!this.#inherits(child, name)) return;
      this.#gone ??= new Set();
      this.#gone.add(name);
    }
    this.childCount -= 1;
    this.childBytes -= name.length + 1;
  }

  /** Marks it as removed; its children must have been removed before. */
  remove(): void {
    this.exists = false;
    this.removed = this.base !== undefined;
    this.#added = undefined;
    this.#gone = undefined;
    this.childCount = 0;
    this.childBytes = 0;
  }

  /** A child that was made outside after the first access, or had gone before it, is none. */
  #inherits({ base: child }: TransactionNode, name: string): boolean {
    if (this.base === undefined || this.removed || this.#gone?.has(name)) return false;
    if (this.#kept !== undefined) return this.#kept.has(name);
    return child !== undefined && child.born <= this.#asOf && this.base.holds(child);
  }

  *#ofBase(base: StoreNode): Generator<string> {
    for (const child of base.children()) if (child.born <= this.#asOf) yield child.name;
  }
}
