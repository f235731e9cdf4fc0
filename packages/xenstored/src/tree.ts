import type { Perms } from "./perms.ts";
import type { Value } from "./value.ts";

/** A node as a request sees it: the committed one, or a transaction's copy. */
export interface NodeView {
  readonly path: string;
  /** Not to be changed in place. */
  readonly value: Value;
  readonly perms: Perms;
  /** Changes with the value, the permissions and the list of children. Below 2⁵³. */
  readonly generation: number;
  readonly childCount: number;
  /** Length of DIRECTORY's answer: names and one NUL each. */
  readonly childBytes: number;
}

/**
 * Where a request reads and writes: the store itself, or a transaction over it.
 *
 * Paths are canonical. What may be done is not judged here. Nodes must be {@link NodeView}s of the same tree.
 */
export interface Tree {
  /** @throws Refusal ENOSPC when a transaction has touched all the nodes that it may. */
  find(path: string): NodeView | undefined;
  /** The nearest existing node above a path; `/` at last. Undefined for `/` itself. */
  nearestAbove(path: string): NodeView | undefined;
  /** Names of the children, in the order in which they were made. */
  childNames(node: NodeView): Iterable<string>;
  /** Makes a node that does not exist, below one that does. */
  create(path: string, value: Value, perms: Perms): NodeView;
  setValue(node: NodeView, value: Value): void;
  setPerms(node: NodeView, perms: Perms): void;
  /** Removes a node that is not `/`, and all below it: children before parents, each shown to `removed` first. */
  remove(node: NodeView, removed: (node: NodeView) => void): void;
}
