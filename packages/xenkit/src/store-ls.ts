import {
  type Access,
  type Client,
  isXenstoreError,
  type Permissions,
} from "@xenkit/xenstore-client";
import { type StoreCall, type StoreCommand, saying } from "./store-call.ts";
import { type LsLayout, type LsValue, lsLine, lsWidth } from "./store-ls-line.ts";
import { escapeValue } from "./store-value.ts";
import { requestFailure } from "./strerror.ts";

/** Nodes that are asked for ahead of the one that is printed. */
const AHEAD = 64;
/** Characters that are written at a time. */
const CHUNK = 1 << 16;

/** `xenstore-ls`: a line for each node below the paths, each before its children. */
export const storeLs: StoreCommand = async (call) => {
  const { options, operands, columns } = call;
  const layout: LsLayout = {
    flat: options.flat,
    permissions: options.prefix,
    width: lsWidth(columns, options.flat),
  };
  for (const path of operands.length === 0 ? ["/"] : operands) await listBelow(path, layout, call);
  return 0;
};

/** A node to come; all of them are a list in the order of the output. */
interface Step {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  next: Step | undefined;
  asked: Asked | undefined;
}

/** What was asked of a node. */
interface Asked {
  /** Undefined when it cannot be read, whatever the reason. */
  readonly value: Promise<LsValue | undefined>;
  /** Never when the layout has none. */
  readonly permissions: Promise<{ readonly text?: string; readonly failure?: string }>;
  readonly names: Promise<readonly string[]>;
}

const listBelow = async (root: string, layout: LsLayout, call: StoreCall): Promise<void> => {
  const { client, tell } = call;
  let output = "";
  const flush = (): void => {
    if (output !== "") call.write(output);
    output = "";
  };
  try {
    let next = chain(root, 0, await namesOf(client, root), undefined);
    for (let step = next; step !== undefined; step = next) {
      const { value, permissions, names } = askAhead(client, step, layout);
      const { path, name, depth } = step;
      const { text, failure } = await permissions;
      output += lsLine({ path, name, depth, value: await value, permissions: text }, layout);
      if (failure !== undefined) tell(`\ncould not access permissions for ${name}: ${failure}`);
      if (output.length > CHUNK) flush();
      next = chain(path, depth + 1, await names, step.next);
    }
  } finally {
    flush();
  }
};

/** Asks for the first {@link AHEAD} nodes, as far as it has not been done. */
const askAhead = (client: Client, first: Step, layout: LsLayout): Asked => {
  first.asked ??= ask(client, first.path, layout);
  let step = first.next;
  for (let count = 1; count < AHEAD && step !== undefined; count += 1, step = step.next) {
    step.asked ??= ask(client, step.path, layout);
  }
  return first.asked;
};

const ask = (client: Client, path: string, layout: LsLayout): Asked => {
  const asked = {
    value: shownValue(client, path),
    permissions: layout.permissions ? permissionsOf(client, path) : Promise.resolve({}),
    names: namesOf(client, path).catch((error: Error) => {
      // Gone since its name was read.
      if (isXenstoreError(error.cause, "ENOENT")) return [];
      throw error;
    }),
  };
  // It may fail before its turn comes.
  asked.names.catch(() => {});
  return asked;
};

const shownValue = (client: Client, path: string): Promise<LsValue | undefined> =>
  client.readBytes(path).then(
    (bytes) => ({ escaped: escapeValue(bytes), length: bytes.length }),
    (error: unknown) => {
      if (!isXenstoreError(error)) throw error;
      return undefined;
    },
  );

const permissionsOf = (client: Client, path: string): Asked["permissions"] =>
  client.getPerms(path).then(
    (permissions) => ({ text: permissionsText(permissions) }),
    (error: unknown) => ({ failure: requestFailure(error) }),
  );

const LETTER: Readonly<Record<Access, string>> = { none: "n", read: "r", write: "w", both: "b" };

/** A domain may have put any number into its list: as C prints it, 4294967295 is -1. */
const permissionsText = ({ owner, others, entries }: Permissions): string =>
  [{ domid: owner, access: others }, ...entries]
    .map(({ domid, access }) => `${LETTER[access]}${domid | 0}`)
    .join(",");

const namesOf = (client: Client, path: string): Promise<readonly string[]> =>
  client.list(path).catch(saying(`xs_directory (${path})`, { reason: true }));

const chain = (
  parent: string,
  depth: number,
  names: readonly string[],
  rest: Step | undefined,
): Step | undefined => {
  let next = rest;
  for (let index = names.length - 1; index >= 0; index -= 1) {
    const name = names[index] ?? "";
    const path = parent === "/" ? `/${name}` : `${parent}/${name}`;
    next = { path, name, depth, next, asked: undefined };
  }
  return next;
};
