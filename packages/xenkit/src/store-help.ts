import { type Command, Option } from "commander";
import type { StoreMode } from "./store-usage.ts";

interface StoreHelp {
  readonly description: string;
  readonly operands: string;
  readonly options: readonly (readonly [flags: string, description: string])[];
  readonly examples: readonly string[];
}

const HELP: Readonly<Record<Exclude<StoreMode, "watch">, StoreHelp>> = {
  ls: {
    description: "show a subtree of Xenstore: as xenstore-ls",
    operands: "[path...]",
    options: [
      ["-f, --flat", "whole paths instead of a tree"],
      ["-p, --prefix", "show permissions, too"],
    ],
    examples: ["xenkit ls", "xenkit ls -f /local/domain/1", "xenkit ls -f -p /vm"],
  },
  read: {
    description: "print values: as xenstore-read",
    operands: "<key...>",
    options: [
      ["-p, --prefix", "the key before each value"],
      ["-R, --raw", "bytes as they are; no end of line"],
    ],
    examples: [
      "xenkit read /local/domain/0/name",
      "xenkit read -p /a /b",
      "xenkit read -R /blob > blob",
    ],
  },
  write: {
    description: "write values, several at once: as xenstore-write",
    operands: "<key> <value> [key value...]",
    options: [["-R, --raw", "values as they are; else \\n, \\x0a, \\012 are bytes"]],
    examples: [
      "xenkit write /a/b hello",
      "xenkit write /a/x 1 /a/y 2",
      "xenkit write /zero '\\x00'",
    ],
  },
  rm: {
    description: "remove subtrees: as xenstore-rm",
    operands: "<key...>",
    options: [["-t, --tidy", "remove parents that become empty, too"]],
    examples: ["xenkit rm /a/b", "xenkit rm -t /a/x /a/y"],
  },
  list: {
    description: "print the names of children: as xenstore-list",
    operands: "<key...>",
    options: [["-p, --prefix", "whole paths"]],
    examples: ["xenkit list /local/domain", "xenkit list -p /vm"],
  },
  exists: {
    description: "tell by the exit code whether all keys exist: as xenstore-exists",
    operands: "<key...>",
    options: [],
    examples: ["xenkit exists /local/domain/1 && echo there"],
  },
  chmod: {
    description: "set permissions; the first names the owner: as xenstore-chmod",
    operands: "<key> <mode...>",
    options: [
      ["-r, --recurse", "of all below, too"],
      ["-u, --upto", "of all parents, too"],
    ],
    examples: ["xenkit chmod /a n0 r1", "xenkit chmod -r /local/domain/1/data n1"],
  },
};

/**
 * Adds the help of the store commands, but for `watch`. What they do is not done from here: options are read as Xen's
 * programs read them.
 */
export const addStoreHelp = (program: Command, dirOption: () => Option): void => {
  for (const [name, { description, operands, options, examples }] of Object.entries(HELP)) {
    const command = program
      .command(name)
      .description(description)
      .usage(`[options] ${operands}`)
      .allowUnknownOption()
      .allowExcessArguments()
      .addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`);
    for (const [flags, text] of options) command.addOption(new Option(flags, text));
    command
      .addOption(new Option("-s", "taken for compatibility; changes nothing"))
      .addOption(dirOption())
      .action(() => command.help({ error: true }));
  }
};
