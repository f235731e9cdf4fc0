import {
  type Access,
  isXenstoreError,
  type Permissions,
  type StoreRequests,
} from "@xenkit/xenstore-client";
import { atoi } from "@xenkit/xenstore-wire";
import { joined, type StoreCommand, saying } from "./store-call.ts";
import { inTransaction } from "./store-transaction.ts";
import { strerror } from "./strerror.ts";
import { storeFailed } from "./xenkit-error.ts";

const ACCESS: Readonly<Record<string, Access>> = { n: "none", r: "read", w: "write", b: "both" };

/** `xenstore-chmod`: sets a node's permissions; with `-u` its parents' too, with `-r` those of all below it. */
export const storeChmod: StoreCommand = async ({ client, options, operands }) => {
  const [path = "", ...specifications] = operands;
  await inTransaction(client, async (tx) => {
    const perms = permissionsOf(specifications);
    // No node has this name, and nothing is asked for it.
    if (path === "") return;
    await change(tx, path, perms);
    if (options.upto) {
      for (let at = parentOf(path); at !== ""; at = parentOf(at)) await change(tx, at, perms);
    }
    if (options.recurse) await changeBelow(tx, path, perms);
  });
  return 0;
};

/** Undefined for an empty list: the server's to refuse. */
const permissionsOf = (specifications: readonly string[]): Permissions | undefined => {
  const entries = specifications.map((text) => {
    const letter = text[0] ?? "\0";
    const access = ACCESS[letter];
    if (access === undefined) {
      throw storeFailed(`Invalid permission specification: '${letter}'`);
    }
    return { access, domid: atoi(text.slice(1)) };
  });
  const [first, ...rest] = entries;
  return first && { owner: first.domid, others: first.access, entries: rest };
};

const change = async (
  tx: StoreRequests,
  path: string,
  perms: Permissions | undefined,
): Promise<void> => {
  const what = `Error occurred setting permissions on '${path}'`;
  if (perms === undefined) {
    throw storeFailed(`${what}: ${strerror("EINVAL")}`);
  }
  await tx
    .setPerms(path, perms)
    .catch((cause: unknown) => {
      if (!isXenstoreError(cause, "bad-argument")) throw cause;
      // A number that no domain has.
      throw storeFailed(`${what}: ${strerror("ENOENT")}`, cause);
    })
    .catch(saying(what, { reason: true }));
};

const changeBelow = async (
  tx: StoreRequests,
  path: string,
  perms: Permissions | undefined,
): Promise<void> => {
  const waiting = [path];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at !== path) await change(tx, at, perms);
    // Children that we may not see stay as they are.
    const names = await tx.list(at).catch(() => []);
    for (const name of names.reverse()) waiting.push(joined(at, name));
  }
};

/** Empty when there is none below the root. */
const parentOf = (path: string): string => {
  const end = path.lastIndexOf("/");
  // So far relative paths come: what they begin at has no name here.
  if (end === -1) throw storeFailed(`Unable to locate path separator '/' in '${path}'`);
  return path.slice(0, end);
};
