import {
  ACCESS,
  atoi,
  bytesOf,
  countStrings,
  PAYLOAD_MAX,
  parentPath,
  type StringAndRest,
  strings,
  type WireErrorName,
} from "@xenkit/xenstore-wire";
import { nodeMemory } from "./memory-use.ts";
import { findFor } from "./node-access.ts";
import { refuseSize, tooBig } from "./node-size.ts";
import { pathAndRest, pathArgument } from "./path-argument.ts";
import { inheritedPerms, type Perms } from "./perms.ts";
import {
  nodePath,
  OK,
  type Reply,
  type Request,
  type RequestType,
  type Rooms,
  requestType,
} from "./request.ts";
import type { NodeView } from "./tree.ts";
import { NO_VALUE, packValue, unpackValue, type Value } from "./value.ts";

export const read: RequestType = requestType({
  repeatable: true,
  read: pathArgument,
  handle: (rooms, request, given) => {
    const node = find(rooms, request, given, ACCESS.read);
    return typeof node === "string" ? node : unpackValue(node.value);
  },
});

export const directory: RequestType = requestType({
  repeatable: true,
  read: pathArgument,
  handle: (rooms, request, given) => {
    const node = find(rooms, request, given, ACCESS.read);
    return typeof node === "string" ? node : listOf(request, node);
  },
});

export const directoryPart: RequestType = requestType({
  repeatable: true,
  read: (payload) => (countStrings(payload) === 2 ? strings(payload) : undefined),
  handle: (rooms, request, [given = "", offset = ""]) => {
    const node = find(rooms, request, given, ACCESS.read);
    if (typeof node === "string") return node;
    return pieceOf(node.generation, listOf(request, node), atoi(offset) >>> 0);
  },
});

export const write: RequestType = requestType({
  repeatable: true,
  read: pathAndRest,
  handle: (rooms, request, { text, rest }: StringAndRest) => {
    const path = nodePath(rooms, request, text);
    if (path === undefined) return "EINVAL";
    const node = findFor(request.tree, request.connection, path, ACCESS.write);
    const value = packValue(rest);
    if (node === "ENOENT") return make(rooms, request, path, value);
    if (typeof node === "string") return node;
    if (tooBig(rooms, request, node.perms, value.length + node.childBytes))
      return refuseSize(request);
    const more = value.length - node.value.length;
    if (rooms.limits.refusesMemory(request.connection, node.perms[0].domid, more)) return "ENOMEM";
    request.tree.setValue(node, value);
    announce(rooms, request, path);
    return OK;
  },
});

export const mkdir: RequestType = requestType({
  repeatable: true,
  read: pathArgument,
  handle: (rooms, request, given) => {
    const node = find(rooms, request, given, ACCESS.write);
    if (typeof node !== "string") return OK;
    const path = nodePath(rooms, request, given);
    return node === "ENOENT" && path !== undefined ? make(rooms, request, path, NO_VALUE) : node;
  },
});

export const rm: RequestType = requestType({
  repeatable: true,
  read: pathArgument,
  handle: (rooms, request, given) => {
    const path = nodePath(rooms, request, given);
    if (path === undefined) return "EINVAL";
    const { tree, transaction } = request;
    const node = findFor(tree, request.connection, path, ACCESS.write);
    if (node === "ENOENT") {
      const above = parentPath(path);
      return above !== undefined && tree.find(above) !== undefined ? OK : node;
    }
    if (typeof node === "string") return node;
    if (path === "/") return "EINVAL";
    if (transaction === undefined) {
      const top = rooms.store.find(path);
      if (top !== undefined) rooms.store.remove(top, (each) => rooms.events.removing(each, top));
    } else {
      transaction.remove(node, (each) => {
        transaction.announce(each.path, each === node ? "path" : "exact");
      });
    }
    return OK;
  },
});

const find = (
  rooms: Rooms,
  request: Request,
  given: string,
  wanted: number,
): NodeView | WireErrorName => {
  const path = nodePath(rooms, request, given);
  return path === undefined ? "EINVAL" : findFor(request.tree, request.connection, path, wanted);
};

/** Makes a node and all that is missing above it. Write access above it has been judged. */
const make = (rooms: Rooms, request: Request, path: string, value: Value): Reply => {
  const { tree, connection } = request;
  const parent = tree.nearestAbove(path);
  if (parent === undefined) return "ENOENT";
  const missing = [path];
  for (
    let above = parentPath(path);
    above !== undefined && above !== parent.path;
    above = parentPath(above)
  ) {
    missing.push(above);
  }
  const creator = connection.privileged ? undefined : rooms.domains.get(connection.domid);
  const perms = inheritedPerms(parent.perms, creator);
  const refused = refuseCreation(rooms, request, { parent, missing, value, perms });
  if (refused !== undefined) return refused;
  for (const each of missing.reverse()) tree.create(each, each === path ? value : NO_VALUE, perms);
  announce(rooms, request, path);
  return OK;
};

interface Creation {
  readonly parent: NodeView;
  /** Paths, the longest first. */
  readonly missing: readonly string[];
  readonly value: Value;
  readonly perms: Perms;
}

/** Judges the whole creation before anything is made: there is nothing to undo (XSA-414, XSA-415). */
const refuseCreation = (
  rooms: Rooms,
  request: Request,
  creation: Creation,
): WireErrorName | undefined => {
  const { parent, missing, value, perms } = creation;
  const { connection } = request;
  if (connection.privileged) return undefined;
  const owned = rooms.store.index.owned(connection.domid);
  if (rooms.limits.refuses(connection, "nodes", owned + 1)) return "ENOSPC";
  const leaves = missing.map((path) => path.length - path.lastIndexOf("/"));
  const top = leaves[leaves.length - 1] ?? 0;
  if (tooBig(rooms, request, parent.perms, parent.value.length + parent.childBytes + top)) {
    return refuseSize(request);
  }
  const sizes = leaves.map((_, level) => (level === 0 ? value.length : (leaves[level - 1] ?? 0)));
  if (sizes.some((size) => tooBig(rooms, request, perms, size))) return refuseSize(request);
  const total = missing.reduce((sum, path, level) => {
    const node = { path, value, childBytes: 0 };
    return sum + nodeMemory(node, perms) - value.length + (sizes[level] ?? 0);
  }, 0);
  return rooms.limits.refusesMemory(connection, perms[0].domid, total) ? "ENOMEM" : undefined;
};

const announce = ({ events }: Rooms, { transaction }: Request, path: string): void => {
  if (transaction === undefined) events.changed(path);
  else transaction.announce(path, "path");
};

/** DIRECTORY's answer, of any length. */
const listOf = ({ tree }: Request, node: NodeView): Uint8Array => {
  const list = new Uint8Array(node.childBytes);
  let at = 0;
  for (const name of tree.childNames(node)) {
    for (let index = 0; index < name.length; index += 1) list[at + index] = name.charCodeAt(index);
    at += name.length + 1;
  }
  return list;
};

/**
 * A piece of a list from `offset` on, behind the generation: whole names as long as they fit, and an empty name when
 * it reaches the end.
 */
const pieceOf = (generation: number, list: Uint8Array, offset: number): Uint8Array => {
  const head = bytesOf(`${generation}\0`);
  if (offset >= list.length) return bytesOf(`${generation}\0\0`);
  const room = PAYLOAD_MAX - head.length - 1;
  let end = offset;
  while (end < list.length) {
    const next = list.indexOf(0, end);
    if (next - offset >= room) break;
    end = next + 1;
  }
  const whole = end === list.length ? 1 : 0;
  const reply = new Uint8Array(head.length + end - offset + whole);
  reply.set(head);
  reply.set(list.subarray(offset, end), head.length);
  return reply;
};
