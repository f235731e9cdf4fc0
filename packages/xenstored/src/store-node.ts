import { leafName } from "@xenkit/xenstore-wire";
import type { Perms } from "./perms.ts";
import type { NodeView } from "./tree.ts";
import type { Value } from "./value.ts";

/** Somebody who wants to see a node's children as they are now, however the store goes on. */
export interface ChildrenPin {
  /** Called before a child is taken out of the list, once: the pin is dropped. Children that come are not told. */
  keepChildren(node: StoreNode): void;
}

/**
 * A committed node. Only {@link Store} changes it.
 *
 * The children are a list linked through themselves: adding, removing and keeping their order cost the same with one
 * sibling as with ten thousand.
 */
export class StoreNode implements NodeView {
  readonly path: string;
  /** The generation at which it was made: siblings are ordered by it. */
  readonly born: number;
  readonly parent: StoreNode | undefined;
  value: Value;
  perms: Perms;
  generation: number;
  /** It is in the store no more. */
  removed = false;
  childCount = 0;
  childBytes = 0;
  firstChild: StoreNode | undefined = undefined;
  lastChild: StoreNode | undefined = undefined;
  next: StoreNode | undefined = undefined;
  previous: StoreNode | undefined = undefined;
  pins: Set<ChildrenPin> | undefined = undefined;

  constructor(
    path: string,
    parent: StoreNode | undefined,
    value: Value,
    perms: Perms,
    generation: number,
  ) {
    this.path = path;
    this.parent = parent;
    this.value = value;
    this.perms = perms;
    this.generation = generation;
    this.born = generation;
  }

  /** The last name of the path; empty for `/`. */
  get name(): string {
    return leafName(this.path);
  }

  append(child: StoreNode): void {
    child.previous = this.lastChild;
    if (this.lastChild === undefined) this.firstChild = child;
    else this.lastChild.next = child;
    this.lastChild = child;
    this.childCount += 1;
    this.childBytes += child.name.length + 1;
  }

  unlink(child: StoreNode): void {
    this.releasePins();
    if (child.previous === undefined) this.firstChild = child.next;
    else child.previous.next = child.next;
    if (child.next === undefined) this.lastChild = child.previous;
    else child.next.previous = child.previous;
    child.next = undefined;
    child.previous = undefined;
    this.childCount -= 1;
    this.childBytes -= child.name.length + 1;
  }

  releasePins(): void {
    const pins = this.pins;
    if (pins === undefined) return;
    this.pins = undefined;
    for (const pin of pins) pin.keepChildren(this);
  }

  /** Whether a node is one of its children now. */
  holds(child: StoreNode): boolean {
    return child.parent === this && (child.previous !== undefined || this.firstChild === child);
  }

  *children(): Generator<StoreNode> {
    for (let child = this.firstChild; child !== undefined; child = child.next) yield child;
  }
}
