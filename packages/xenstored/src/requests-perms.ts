import {
  ACCESS,
  bytesOf,
  FEATURE,
  joinStrings,
  oneString,
  type Permission,
  parsePermission,
  strings,
  type WireErrorName,
} from "@xenkit/xenstore-wire";
import { findFor } from "./node-access.ts";
import { refuseSize, tooBig } from "./node-size.ts";
import { ANYBODY, DOMID_ANY, formatPerms, OWNER, type Perms, type PermsEntry } from "./perms.ts";
import { anyPath, OK, type Request, type RequestType, type Rooms, requestType } from "./request.ts";
import { featuresOf } from "./requests-feature.ts";

export const getPerms: RequestType = requestType({
  repeatable: true,
  read: oneString,
  handle: (rooms, request, given) => {
    const path = anyPath(rooms, request, given);
    if (path === undefined) return "EINVAL";
    const node = findFor(request.tree, request.connection, path, ACCESS.read);
    return typeof node === "string" ? node : bytesOf(joinStrings(formatPerms(node.perms)));
  },
});

export const setPerms: RequestType = requestType({
  repeatable: true,
  namesDomains: true,
  read: (payload) => {
    const [given, ...entries] = strings(payload);
    return given === undefined || entries.length === 0 ? undefined : { given, entries };
  },
  handle: (rooms, request, { given, entries }) => {
    const { connection, tree, transaction } = request;
    if (rooms.limits.refuses(connection, "node-permissions", entries.length)) return "ENOSPC";
    const perms = resolvePerms(rooms, request, entries);
    if (typeof perms === "string") return perms;
    const path = anyPath(rooms, request, given);
    if (path === undefined) return "EINVAL";
    const node = findFor(tree, connection, path, ACCESS.write | OWNER);
    if (typeof node === "string") return node;
    if (!connection.privileged && perms[0].domid !== node.perms[0].domid) return "EPERM";
    if (tooBig(rooms, request, perms, node.value.length + node.childBytes)) {
      return refuseSize(request);
    }
    const more =
      perms[0].domid === node.perms[0].domid ? 8 * (perms.length - node.perms.length) : 0;
    if (rooms.limits.refusesMemory(connection, perms[0].domid, more)) return "ENOMEM";
    const previous = node.perms;
    tree.setPerms(node, perms);
    if (transaction === undefined) rooms.events.changed(path, previous);
    else transaction.announce(path, "path");
    if (connection.privileged) tellStale(rooms, path, perms);
    return OK;
  },
});

/** Most likely a toolstack's mistake. What guests do is not told: they must not fill the log. */
const tellStale = ({ log }: Rooms, path: string, perms: Perms): void => {
  for (const { domid, grantee } of perms) {
    if (grantee === undefined)
      log(`SET_PERMS of ${path}: domain ${domid} does not exist, what it is granted never counts`);
  }
};

/** Reads entries and finds the domains that they name. */
const resolvePerms = (
  rooms: Rooms,
  request: Request,
  entries: readonly string[],
): Perms | WireErrorName => {
  const parsed: Permission[] = [];
  for (const entry of entries) {
    const permission = parsePermission(entry);
    if (permission === undefined) return "EINVAL";
    parsed.push(permission);
  }
  const [owner, ...rest] = parsed.map((permission) => resolveEntry(rooms, request, permission));
  if (owner?.grantee === undefined) return "ENOENT";
  // Nobody can be everybody.
  if (owner.grantee === ANYBODY) return request.connection.privileged ? "ENOMEM" : "EPERM";
  return [owner, ...rest];
};

/** An entry of a domain that does not exist stays stale, even when one with its domid appears. */
const resolveEntry = (
  rooms: Rooms,
  { connection }: Request,
  permission: Permission,
): PermsEntry => {
  const { domid } = permission;
  if (domid !== DOMID_ANY) return { ...permission, grantee: rooms.domains.known(domid) };
  const allowed = (featuresOf(rooms, connection) & FEATURE.domidAny) !== 0;
  return { ...permission, grantee: allowed ? ANYBODY : undefined };
};
