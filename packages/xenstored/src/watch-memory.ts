import type { Watch } from "./watch-index.ts";

/** What a watch is charged with, in bytes. */
export const watchMemory = ({ path, token }: Pick<Watch, "path" | "token">): number =>
  path.length + token.length;
