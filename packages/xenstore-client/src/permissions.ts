import { ACCESS, formatPermission, parsePermission } from "@xenkit/xenstore-wire";
import { XenstoreError } from "./client-error.ts";

/** What a domain may do with a node. */
export type Access = keyof typeof ACCESS;

/** Who may do what with a node. */
export interface Permissions {
  /** The domain that owns the node: it may do everything. */
  readonly owner: number;
  /** What every domain without an entry of its own may do. */
  readonly others: Access;
  /** The first entry of a domain counts. */
  readonly entries: readonly PermissionEntry[];
}

/** What one domain may do with a node. */
export interface PermissionEntry {
  readonly domid: number;
  readonly access: Access;
}

const NAMES: readonly Access[] = ["none", "read", "write", "both"];

/**
 * Reads a list as `xenstore-chmod` takes it: `["n0", "r5"]` is owned by domain 0, closed to others, readable for 5.
 *
 * @throws XenstoreError `bad-argument` for an empty list or a malformed entry.
 */
export const parsePermissions = (list: readonly string[]): Permissions => {
  const entries = list.map((text) => {
    const entry = parsePermission(text);
    if (entry === undefined) throw badArgument(`the permission ${JSON.stringify(text)}`);
    return { domid: entry.domid, access: NAMES[entry.access & 3] ?? "none" };
  });
  const [first, ...rest] = entries;
  if (first === undefined) throw badArgument("a permission list without an owner");
  return { owner: first.domid, others: first.access, entries: rest };
};

/** The list as `xenstore-ls -p` shows it. */
export const formatPermissions = ({ owner, others, entries }: Permissions): string[] =>
  [{ domid: owner, access: others }, ...entries].map(({ domid, access }) => {
    if (!Number.isInteger(domid) || domid < 0 || domid > 0xffff) {
      throw badArgument(`the domid ${domid}`);
    }
    return formatPermission({ domid, access: ACCESS[access] });
  });

const badArgument = (what: string): XenstoreError<"bad-argument"> =>
  new XenstoreError("bad-argument", `bad-argument: ${what}`, { what });
