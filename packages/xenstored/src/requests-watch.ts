import { atoi, canonicalPath, domainPath, FEATURE, pathKind, strings } from "@xenkit/xenstore-wire";
import { watchKey } from "./connection.ts";
import { anyPath, OK, type RequestType, requestType } from "./request.ts";
import { featuresOf } from "./requests-feature.ts";
import { watchMemory } from "./watch-memory.ts";

export const watch: RequestType = requestType({
  ignoresTransaction: true,
  read: strings,
  handle: (rooms, request, [given = "", token = "", depth, ...more]) => {
    const { connection, payload } = request;
    if (payload.indexOf(0) === payload.lastIndexOf(0) || more.length > 0) return "EINVAL";
    const levels = depth === undefined ? undefined : atoi(depth);
    if (levels !== undefined) {
      if ((featuresOf(rooms, connection) & FEATURE.watchDepth) === 0 || levels < 0) return "EINVAL";
    }
    const path = anyPath(rooms, request, given);
    if (path === undefined) return "EINVAL";
    const key = watchKey(path, token);
    if (connection.watches.has(key)) return "EEXIST";
    const size = watchMemory({ path, token });
    if (rooms.limits.refusesMemory(connection, connection.domid, size)) return "ENOMEM";
    if (rooms.limits.refuses(connection, "watches", connection.watches.size + 1)) return "ENOSPC";
    rooms.memory.charge(connection.domid, size);
    connection.lastWatch += 1;
    const set = {
      watcher: connection,
      path,
      token,
      depth: levels,
      cut: pathKind(given) === "relative" ? domainPath(connection.domid).length + 1 : 0,
      order: connection.lastWatch,
    };
    connection.watches.set(key, set);
    rooms.watches.add(set);
    if (rooms.trace.enabled) rooms.traced(`connection ${connection.order}: watch ${path} set`);
    request.afterReply = () => rooms.events.first(set);
    return OK;
  },
});

export const unwatch: RequestType = requestType({
  ignoresTransaction: true,
  read: (payload) => {
    const list = strings(payload);
    return list.length === 2 ? list : undefined;
  },
  handle: (rooms, { connection }, [given = "", token = ""]) => {
    const path = canonicalPath(given, connection.domid);
    if (path === undefined) return "EINVAL";
    const key = watchKey(path, token);
    const set = connection.watches.get(key);
    if (set === undefined) return "ENOENT";
    connection.watches.delete(key);
    rooms.watches.remove(set);
    if (rooms.trace.enabled) rooms.traced(`connection ${connection.order}: watch ${path} removed`);
    rooms.memory.charge(connection.domid, -watchMemory(set));
    return OK;
  },
});

export const resetWatches: RequestType = requestType({
  read: () => true,
  handle: (_, { connection }) => {
    connection.dropWatches();
    connection.dropTransactions();
    return OK;
  },
});
