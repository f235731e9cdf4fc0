import type { WireErrorName } from "@xenkit/xenstore-wire";
import type { Connection } from "./connection.ts";
import { accessOf } from "./perms.ts";
import type { NodeView, Tree } from "./tree.ts";

/**
 * Finds a node that the caller has the `wanted` access to.
 *
 * Where it is missing, the nearest existing node above decides what the caller is told: ENOENT if it has any of the
 * wanted access there, else EACCES, so that nobody learns what exists where he may not look.
 *
 * @param wanted - A set of `ACCESS` bits and `OWNER`.
 */
export const findFor = (
  tree: Tree,
  connection: Connection,
  path: string,
  wanted: number,
): NodeView | WireErrorName => {
  const node = tree.find(path);
  if (node !== undefined && (accessOf(node.perms, connection) & wanted) === wanted) return node;
  // Looked at also when the answer is known: to a transaction it is an access, as in Xen's daemon.
  const above = tree.nearestAbove(path);
  if (node !== undefined) return "EACCES";
  return above === undefined || (accessOf(above.perms, connection) & wanted) !== 0
    ? "ENOENT"
    : "EACCES";
};
