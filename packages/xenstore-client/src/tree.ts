import { childPath } from "@xenkit/xenstore-wire";
import { isXenstoreError } from "./client-error.ts";
import { nodesLimit, type TreeOptions } from "./nodes-limit.ts";
import type { StoreRequests } from "./store-requests.ts";

/** A node with all below it. */
export interface TreeNode {
  readonly path: string;
  /** The last name of the path; empty for `/`. */
  readonly name: string;
  /** As `read` gives it; undefined when the caller may not read it. */
  readonly value: string | undefined;
  /** In the server's order. */
  readonly children: readonly TreeNode[];
}

interface Growing {
  readonly path: string;
  readonly name: string;
  value: string | undefined;
  children: Growing[];
}

/** Nodes that are asked for at a time; each is two requests. */
const WINDOW = 256;

/** @internal Reads a subtree, {@link WINDOW} nodes at a time. */
export const tree = (store: StoreRequests, path: string, options: TreeOptions): Promise<TreeNode> =>
  new Promise((resolve, reject) => {
    const tooMany = nodesLimit(path, options);
    const root = growing(path, path === "/" ? "" : path.slice(path.lastIndexOf("/") + 1));
    const waiting = [root];
    /** What vanished while the tree was read. */
    const gone = new Set<Growing>();
    let under = 0;
    let count = 1;
    let failed = false;

    const fail = (error: unknown): void => {
      failed = true;
      reject(error);
    };
    const settle = (): void => {
      under -= 1;
      if (failed) return;
      pump();
      if (under === 0) resolve(without(gone, root));
    };
    const forgive = (node: Growing, error: unknown): void => {
      const missing = isXenstoreError(error, "ENOENT");
      if (node === root || !(missing || isXenstoreError(error, "EACCES"))) fail(error);
      else if (missing) gone.add(node);
      settle();
    };
    const ask = (node: Growing): void => {
      under += 2;
      store.read(node.path, options).then(
        (value) => {
          node.value = value;
          settle();
        },
        (error: unknown) => forgive(node, error),
      );
      store.list(node.path, options).then(
        (names) => {
          count += names.length;
          const error = tooMany(count);
          if (error !== undefined) {
            fail(error);
          } else {
            node.children = names.map((name) => growing(childPath(node.path, name), name));
            for (const child of node.children) waiting.push(child);
          }
          settle();
        },
        (error: unknown) => forgive(node, error),
      );
    };
    const pump = (): void => {
      while (under < 2 * WINDOW) {
        const node = waiting.pop();
        if (node === undefined) return;
        ask(node);
      }
    };
    pump();
  });

const growing = (path: string, name: string): Growing => ({
  path,
  name,
  value: undefined,
  children: [],
});

/** No recursion: a tree may be a thousand levels deep. */
const without = (gone: ReadonlySet<Growing>, root: Growing): TreeNode => {
  const waiting = gone.size === 0 ? [] : [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    node.children = node.children.filter((child) => !gone.has(child));
    for (const child of node.children) waiting.push(child);
  }
  return root;
};
