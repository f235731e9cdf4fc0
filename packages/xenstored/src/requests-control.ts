import { bytesOf, childPath, strings } from "@xenkit/xenstore-wire";
import { liveUpdate, log, logfile, memreport } from "./control-log.ts";
import { quota, quotaSoft } from "./control-quota.ts";
import { OK, type Reply, type RequestType, type Rooms, requestType } from "./request.ts";

interface Command {
  /** What stands behind the name in the help. */
  readonly parameters: string;
  /** Undefined: a wrong number of parameters. */
  readonly run: (rooms: Rooms, parameters: readonly string[]) => Reply | undefined;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  check: { parameters: "", run: (rooms, { length }) => (length === 0 ? check(rooms) : undefined) },
  log: { parameters: "[on|off|+<switch>|-<switch>]", run: log },
  "live-update": {
    parameters:
      "[-c <cmdline>] [-F] [-t <timeout>] [-v <version>] <file>\n    Default timeout is 60 seconds, default version is 2.",
    run: liveUpdate,
  },
  logfile: { parameters: "<file>", run: logfile },
  memreport: { parameters: "[<file>]", run: memreport },
  print: {
    parameters: "<string>",
    run: (rooms, [text, ...more]) => {
      if (text === undefined || more.length > 0) return undefined;
      rooms.log(text);
      return OK;
    },
  },
  quota: { parameters: "[set <name> <val>|<domid>|max [-r]]", run: quota },
  "quota-soft": { parameters: "[set <name> <val>]", run: quotaSoft },
  help: {
    parameters: "",
    run: (_, { length }) => (length === 0 ? bytesOf(`${help()}\0`) : undefined),
  },
};

export const control: RequestType = requestType({
  privileged: true,
  read: strings,
  handle: (rooms, _, [name = "", ...parameters]) => {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    return command?.run(rooms, parameters) ?? "EINVAL";
  },
});

const help = (): string =>
  Object.entries(COMMANDS)
    .map(([name, { parameters }]) => `${name.padEnd(15)} ${parameters}\n`)
    .join("");

/** Walks the store and logs what does not fit together. */
const check = (rooms: Rooms): Reply => {
  const { store } = rooms;
  for (const node of store.walk()) {
    let count = 0;
    let bytes = 0;
    for (const child of node.children()) {
      count += 1;
      bytes += child.name.length + 1;
      if (store.find(childPath(node.path, child.name)) !== child)
        rooms.log(`check: ${child.path} is lost`);
    }
    if (count !== node.childCount || bytes !== node.childBytes)
      rooms.log(`check: ${node.path} miscounts`);
  }
  return OK;
};
