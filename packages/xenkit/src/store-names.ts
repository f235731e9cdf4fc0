import type { StoreProgram } from "./store-commands.ts";
import { isStoreMode, type StoreMode } from "./store-usage.ts";

/** A store command, as a command line names it. */
export interface NamedStoreCommand {
  readonly mode: StoreMode;
  readonly program: StoreProgram;
  readonly args: readonly string[];
}

/**
 * The store command behind the name that this program was called by, when that is one of Xen's: `xenstore-ls …`, or
 * `xenstore ls …`. Then everything is as there: `-h` is a failure, and there is no `--dir`.
 *
 * @param name - The file's name, without folders.
 */
export const byProgramName = (
  name: string,
  args: readonly string[],
): NamedStoreCommand | undefined => {
  const [first, ...rest] = args;
  if (name === "xenstore" && isStoreMode(first)) {
    const program = { name, usageName: `${name} ${first}`, optionsName: first };
    return { mode: first, program: { ...program, hostDirectory: false }, args: rest };
  }
  const mode = /^xenstore-(.*)$/.exec(name)?.[1];
  if (!isStoreMode(mode)) return undefined;
  const program = { name, usageName: name, optionsName: name, hostDirectory: false };
  return { mode, program, args };
};

/**
 * The store command that `xenkit …` means. Its help is left to the command line, and so is `watch` without a path: the
 * changes of domains.
 */
export const bySubcommand = (args: readonly string[]): NamedStoreCommand | undefined => {
  const [mode, ...rest] = args;
  if (!isStoreMode(mode) || isHelp(rest) || (mode === "watch" && isOfDomains(rest)))
    return undefined;
  const program = { name: "xenkit", usageName: `xenkit ${mode}`, optionsName: mode };
  return { mode, program: { ...program, hostDirectory: true }, args: rest };
};

const isHelp = (args: readonly string[]): boolean => {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  return options.includes("-h") || options.includes("--help");
};

/** `watch` without a path. */
const isOfDomains = (args: readonly string[]): boolean => {
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--dir") index += 1;
    else if (arg !== "--json" && !arg.startsWith("--dir=")) return false;
  }
  return true;
};
