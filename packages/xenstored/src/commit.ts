import { childPath } from "@xenkit/xenstore-wire";
import { type Grantee, type Perms, type PermsEntry, withOwner } from "./perms.ts";
import type { Store } from "./store.ts";
import type { StoreNode } from "./store-node.ts";
import type { Transaction } from "./transaction.ts";
import type { TransactionNode } from "./transaction-node.ts";

/** One change that a commit made, to be announced. */
export interface CommittedChange {
  readonly path: string;
  readonly how: "path" | "exact";
  /** At the first access in the transaction; undefined: the node is new. */
  readonly oldPerms: Perms | undefined;
  /** Undefined: the node is gone. */
  readonly newPerms: Perms | undefined;
}

/**
 * Applies what a transaction changed: all of it. Whether it may has been judged before: the paths that it touched are
 * in the store as they were at the first access, but for grants of domains that have died.
 *
 * @param control - Gets `/` and special nodes whose owner has died: they cannot go.
 * @returns The changes to announce, in the order in which the transaction first touched the paths; then what went with
 * nodes whose owner has died.
 */
export const applyTransaction = (
  store: Store,
  transaction: Transaction,
  control: Grantee,
): CommittedChange[] => {
  const nodes = [...transaction.nodes.values()].filter((node) => node.changed);
  const dropped = droppedEntries(transaction.nodes.values());
  /** A copy may hold entries of domains that have died since: they must not come back. */
  const without = (perms: Perms): Perms => {
    const [owner, ...rest] = perms;
    const kept = rest.filter((entry) => entry.grantee?.alive !== false && !dropped.has(entry));
    return kept.length === rest.length ? perms : [owner, ...kept];
  };
  const untouched: CommittedChange[] = [];
  for (const node of nodes) {
    if (!node.removed && !ownerDied(node)) continue;
    removeBase(store, node, ({ path, perms }) => {
      if (transaction.nodes.has(path)) return;
      untouched.push({ path, how: "exact", oldPerms: perms, newPerms: undefined });
    });
  }
  // A parent's path is shorter than its child's: sorted so, a parent is there before its children are made.
  const parents = nodes.filter((node) => node.added.size > 0);
  parents.sort((a, b) => a.path.length - b.path.length);
  for (const parent of parents) createChildren(store, transaction, parent, without);
  for (const node of nodes) {
    updateBase(store, node, without(ownerDied(node) ? withOwner(node.perms, control) : node.perms));
  }
  return [...nodes.flatMap((node) => announcement(store, node)), ...untouched];
};

const ownerDied = (node: TransactionNode): boolean =>
  node.exists && node.perms[0].grantee?.alive === false;

const removeBase = (
  store: Store,
  { path, base }: TransactionNode,
  removed: (node: StoreNode) => void,
): void => {
  if (base?.parent !== undefined && store.find(path) === base) store.remove(base, removed);
};

const createChildren = (
  store: Store,
  transaction: Transaction,
  parent: TransactionNode,
  without: (perms: Perms) => Perms,
): void => {
  if (store.find(parent.path) === undefined) return;
  for (const name of parent.added) {
    const child = transaction.nodes.get(childPath(parent.path, name));
    if (child === undefined || ownerDied(child)) continue;
    store.create(child.path, child.value, without(child.perms));
  }
};

const updateBase = (store: Store, node: TransactionNode, perms: Perms): void => {
  const { base, path, value, written, removed } = node;
  if (base === undefined || removed || !written || store.find(path) !== base) return;
  store.replace(base, value, perms);
};

const announcement = (store: Store, node: TransactionNode): CommittedChange[] => {
  const { path, announce, basePerms } = node;
  const newPerms = store.find(path)?.perms;
  if (announce === "nothing" || (basePerms === undefined && newPerms === undefined)) return [];
  return [{ path, how: announce, oldPerms: basePerms, newPerms }];
};

/** What the store has dropped since the transaction copied it: a dead domain's entries go from all lists. */
const droppedEntries = (nodes: Iterable<TransactionNode>): ReadonlySet<PermsEntry> => {
  const dropped = new Set<PermsEntry>();
  for (const { base, basePerms } of nodes) {
    if (base === undefined || basePerms === undefined || base.perms === basePerms) continue;
    for (const entry of basePerms) if (!base.perms.includes(entry)) dropped.add(entry);
  }
  return dropped;
};
