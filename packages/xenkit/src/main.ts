import { byProgramName, bySubcommand } from "./store-names.ts";
import type { Terminal } from "./terminal.ts";
import { failureText, isXenkitError } from "./xenkit-error.ts";

/** Exit codes. The store commands have those of the programs that they stand for. */
const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/**
 * Runs one command line.
 *
 * @param args - Without the program's name.
 * @param name - The file name by which the program was called.
 * @returns The exit code: 0 done, 1 failed (told why), 2 the command line is wrong (told what).
 */
export const main = async (
  args: readonly string[],
  terminal: Terminal,
  name = "xenkit",
): Promise<number> => {
  try {
    const store = byProgramName(name, args) ?? bySubcommand(args);
    if (store !== undefined) {
      const { runStoreCommand } = await import("./store-commands.ts");
      return await runStoreCommand(store.mode, store.program, store.args, terminal);
    }
    return await runCommand(args, terminal);
  } catch (error) {
    if (!isXenkitError(error) && !isSystemError(error)) throw error;
    terminal.tell(failureText(error));
    return EXIT.failure;
  }
};

const runCommand = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { CommanderError } = await import("commander");
  const { commandLine } = await import("./command-line.ts");
  try {
    await commandLine(terminal).parseAsync(args, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    // Commander has told already; help that was asked for is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
};

/** What the system refuses is the user's to see, wherever it does: that the current folder was removed, for example. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error;
