import { atoi, bytesOf, childPath, strings } from "@xenkit/xenstore-wire";
import type { QuotaName } from "./quota.ts";
import { OK, type Reply, type RequestType, type Rooms, requestType } from "./request.ts";

interface Command {
  /** What stands behind the name in the help. */
  readonly parameters: string;
  /** Undefined: a wrong number of parameters. */
  readonly run: (rooms: Rooms, parameters: readonly string[]) => Reply | undefined;
}

/** What the commands call a limit, which one it is, and what it is of. */
interface LimitLine {
  readonly name: string;
  readonly quota: QuotaName;
  readonly about: string;
}

const HARD_LIMITS: readonly LimitLine[] = (
  [
    ["nodes", "Nodes per domain"],
    ["watches", "Watches per domain"],
    ["outstanding", "Outstanding requests per domain"],
    ["memory", "Total Xenstore memory per domain"],
    ["transactions", "Active transactions per domain"],
    ["transaction-nodes", "Max. number of accessed nodes per transaction"],
    ["node-permissions", "Max. number of permissions per node"],
    ["path-max", "Max. length of a node path"],
    ["node-size", "Max. size of a node"],
  ] as const
).map(([quota, about]) => ({ name: quota, quota, about }));

const SOFT_LIMITS: readonly LimitLine[] = [
  { name: "memory", quota: "soft-memory", about: "Total Xenstore memory per domain" },
];

const COMMANDS: Readonly<Record<string, Command>> = {
  check: { parameters: "", run: (rooms, { length }) => (length === 0 ? check(rooms) : undefined) },
  print: {
    parameters: "<string>",
    run: ({ log }, [text, ...more]) => {
      if (text === undefined || more.length > 0) return undefined;
      log(text);
      return OK;
    },
  },
  quota: {
    parameters: "[set <name> <val>]",
    run: (rooms, parameters) => quotaCommand(rooms, parameters, HARD_LIMITS),
  },
  "quota-soft": {
    parameters: "[set <name> <val>]",
    run: (rooms, parameters) => quotaCommand(rooms, parameters, SOFT_LIMITS),
  },
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
const check = ({ store, log }: Rooms): Reply => {
  for (const node of store.walk()) {
    let count = 0;
    let bytes = 0;
    for (const child of node.children()) {
      count += 1;
      bytes += child.name.length + 1;
      if (store.find(childPath(node.path, child.name)) !== child)
        log(`check: ${child.path} is lost`);
    }
    if (count !== node.childCount || bytes !== node.childBytes)
      log(`check: ${node.path} miscounts`);
  }
  return OK;
};

/** Lists limits that new records get, or sets one. The domains that are known keep theirs. */
const quotaCommand = (
  { defaultQuotas }: Rooms,
  [action, name, text, ...more]: readonly string[],
  lines: readonly LimitLine[],
): Reply | undefined => {
  if (action === undefined) {
    const list = lines.map(
      ({ name, quota, about }) =>
        `${name.padEnd(17)}: ${String(defaultQuotas[quota]).padStart(8)} ${about}\n`,
    );
    return bytesOf(`Quota settings:\n${list.join("")}\0`);
  }
  if (action !== "set" || text === undefined || more.length > 0) return undefined;
  const line = lines.find((each) => each.name === name);
  const value = atoi(text);
  if (line === undefined || value < 1) return undefined;
  defaultQuotas[line.quota] = value;
  return OK;
};
