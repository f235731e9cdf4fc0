import { atLeast } from "./at-least.ts";
import { XenstoreError } from "./client-error.ts";
import type { RequestOptions } from "./session-options.ts";

/** How the nodes of a subtree are read. */
export interface TreeOptions extends RequestOptions {
  /**
   * More nodes than this (of a walk: that wait for their turn) are `too-long`, as a server could go on for ever.
   * Default 1,000,000.
   */
  readonly nodesMax?: number;
}

/**
 * @internal Looks at a number of nodes: what is wrong with it, if anything is.
 *
 * @throws XenstoreError `bad-argument`.
 */
export const nodesLimit = (
  path: string,
  { nodesMax: limit = 1_000_000 }: TreeOptions,
): ((count: number) => XenstoreError | undefined) => {
  atLeast(1, "nodesMax", limit);
  return (count) => {
    if (count <= limit) return undefined;
    const what = `the tree of ${path}`;
    const message = `too-long: ${what} has more than ${limit} nodes`;
    return new XenstoreError("too-long", message, { what, length: count, limit });
  };
};
