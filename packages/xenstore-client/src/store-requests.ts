import { isXenstoreError } from "./client-error.ts";
import { listInParts } from "./list-in-parts.ts";
import type { TreeOptions } from "./nodes-limit.ts";
import { formatPermissions, type Permissions } from "./permissions.ts";
import type { RequestKind } from "./request.ts";
import { REQUEST } from "./request-kinds.ts";
import type { RequestOptions } from "./session-options.ts";
import { type TreeNode, tree } from "./tree.ts";
import { type WalkEntry, walk } from "./walk.ts";

/**
 * What can be asked of the store's nodes, on its own ({@link Client}) or within a {@link Transaction}.
 *
 * Requests leave without waiting for each other and are done in the order they were made. Relative paths begin at
 * the caller's own domain's home. All reject with `XenstoreError`.
 */
export abstract class StoreRequests {
  /** @internal */
  abstract call<T>(
    kind: RequestKind<T>,
    args: readonly string[],
    value: string | Uint8Array | undefined,
    options: RequestOptions | undefined,
  ): Promise<T>;

  /** A node's value as UTF-8, nothing trimmed. Bytes that are no UTF-8 become U+FFFD: {@link readBytes}. */
  read(path: string, options?: RequestOptions): Promise<string> {
    return this.call(REQUEST.read, [path], undefined, options);
  }

  /** A node's value as it is. */
  readBytes(path: string, options?: RequestOptions): Promise<Uint8Array> {
    return this.call(REQUEST.readBytes, [path], undefined, options);
  }

  /** Sets a value, as it is; text as UTF-8. Creates the node and its ancestors. */
  write(path: string, value: string | Uint8Array, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.write, [path], value, options);
  }

  /** Creates a node with an empty value, and its ancestors; nothing changes when there is one. */
  mkdir(path: string, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.mkdir, [path], undefined, options);
  }

  /** Removes a node and all below it. Of a missing one: `ENOENT`, or nothing if its parent exists (C daemon). */
  rm(path: string, options?: RequestOptions): Promise<void> {
    return this.call(REQUEST.rm, [path], undefined, options);
  }

  /** The names of a node's children, in the server's order; none: `[]`. However long the list is. */
  list(path: string, options?: RequestOptions): Promise<string[]> {
    return this.call(REQUEST.list, [path], undefined, options).catch((error: unknown) => {
      if (isXenstoreError(error, "E2BIG")) return listInParts(this, path, error, options);
      throw error;
    });
  }

  /** Whether there is such a node. `EACCES` when the caller may not know. */
  exists(path: string, options?: RequestOptions): Promise<boolean> {
    return this.call<boolean>(REQUEST.exists, [path], undefined, options).catch(falseWhenMissing);
  }

  getPerms(path: string, options?: RequestOptions): Promise<Permissions> {
    return this.call(REQUEST.getPerms, [path], undefined, options);
  }

  /** Replaces a node's permissions. */
  async setPerms(path: string, perms: Permissions, options?: RequestOptions): Promise<void> {
    const args = [path, ...formatPermissions(perms)];
    return this.call(REQUEST.setPerms, args, undefined, options);
  }

  /**
   * A whole subtree. Not one moment of it, unless in a transaction: what vanishes meanwhile is left out.
   */
  tree(path: string, options: TreeOptions = {}): Promise<TreeNode> {
    return tree(this, path, options);
  }

  /** The nodes of a subtree, each before its children, read ahead of the reader by a bounded number. */
  walk(path: string, options: TreeOptions = {}): AsyncGenerator<WalkEntry, void, undefined> {
    return walk(this, path, options);
  }
}

const falseWhenMissing = (error: unknown): false => {
  if (isXenstoreError(error, "ENOENT")) return false;
  throw error;
};
