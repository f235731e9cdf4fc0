/** The commands that do as Xen's programs of the name `xenstore-…`. */
export type StoreMode = "ls" | "read" | "write" | "rm" | "list" | "exists" | "chmod" | "watch";

/** What stands behind the program's name in the usage. */
const USAGE: Readonly<Record<StoreMode, string>> = {
  ls: "[-h] [-f] [-p] [-s] [path]",
  read: "[-h] [-p] [-s] [-R] key [...]",
  write: "[-h] [-s] [-R] key value [...]",
  rm: "[-h] [-s] [-t] key [...]",
  list: "[-h] [-p] [-s] key [...]",
  exists: "[-h] [-p] [-s] key [...]",
  chmod: "[-h] [-u] [-r] [-s] key <mode [modes...]>",
  watch: "[-h] [-n NR] key",
};

export const isStoreMode = (text: string | undefined): text is StoreMode =>
  text !== undefined && Object.hasOwn(USAGE, text);

/** @param name - How the command was called: `xenstore-ls`, `xenkit ls`. */
export const storeUsage = (mode: StoreMode, name: string): string =>
  `Usage: ${name} ${USAGE[mode]}`;
