import type { StoreCommand } from "./store-call.ts";
import { connectStore } from "./store-connection.ts";
import { storeLine } from "./store-options.ts";
import { type StoreMode, storeUsage } from "./store-usage.ts";
import type { Terminal } from "./terminal.ts";
import { isXenkitError } from "./xenkit-error.ts";

/** The name a store command was called by. */
export interface StoreProgram {
  /** What stands before each message: `xenkit`, `xenstore-ls`. */
  readonly name: string;
  /** What the usage shows: `xenkit ls`, `xenstore-ls`. */
  readonly usageName: string;
  /** What stands before complaints about options, which come from C's getopt: `ls`, `xenstore-ls`. */
  readonly optionsName: string;
  /** Takes `--dir`, which Xen's programs do not have. */
  readonly hostDirectory: boolean;
}

/** Each in a module of its own, loaded when it runs. */
const COMMANDS: Readonly<Record<StoreMode, () => Promise<StoreCommand>>> = {
  ls: async () => (await import("./store-ls.ts")).storeLs,
  read: async () => (await import("./store-read.ts")).storeRead,
  write: async () => (await import("./store-write.ts")).storeWrite,
  rm: async () => (await import("./store-rm.ts")).storeRm,
  list: async () => (await import("./store-list.ts")).storeList,
  exists: async () => (await import("./store-exists.ts")).storeExists,
  chmod: async () => (await import("./store-chmod.ts")).storeChmod,
  watch: async () => (await import("./store-watch.ts")).storeWatch,
};

/**
 * Runs a command as Xen's program of the same name would.
 *
 * @param args - Behind the mode.
 * @returns The exit code: 0 done, 1 failed or called wrongly.
 */
export const runStoreCommand = async (
  mode: StoreMode,
  program: StoreProgram,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> => {
  const { env, ended } = terminal;
  const tell = (line: string): void => terminal.tell(`${program.name}: ${line}`);
  const { options, operands, complaints } = storeLine(mode, args, {
    operandsEndOptions: env["POSIXLY_CORRECT"] !== undefined,
    hostDirectory: program.hostDirectory,
  });
  for (const complaint of complaints) terminal.tell(`${program.optionsName}: ${complaint}`);
  if (options === undefined) {
    tell(storeUsage(mode, program.usageName));
    return 1;
  }
  try {
    const [command, client] = await Promise.all([
      COMMANDS[mode](),
      connectStore(options.dir, env, ended),
    ]);
    const stop = (): void => client.destroy();
    // A watch ends in good order; what else waits, waits for an answer that may never come.
    if (mode !== "watch") ended.addEventListener("abort", stop, { once: true });
    try {
      const { write, columns } = terminal;
      return await command({ client, options, operands, write, tell, columns, ended });
    } finally {
      ended.removeEventListener("abort", stop);
      await client.close();
    }
  } catch (error) {
    if (!isXenkitError(error)) throw error;
    tell(error.message);
    return 1;
  }
};
