import { atoi, bytesOf, parseDomid, strings } from "@xenkit/xenstore-wire";
import type { Connection } from "./connection.ts";
import { OK, type RequestType, type Rooms, requestType } from "./request.ts";

/** What a connection may use: a set of `FEATURE` bits. Sockets have all. */
export const featuresOf = ({ domains }: Rooms, { kind, domid }: Connection): number =>
  kind === "socket" ? domains.features : (domains.get(domid)?.features ?? 0);

export const getFeature: RequestType = requestType({
  read: strings,
  handle: (rooms, { connection }, [text, ...more]) => {
    if (text === undefined) return bytesOf(`${featuresOf(rooms, connection)}\0`);
    if (!connection.privileged) return "EACCES";
    if (more.length > 0) return "EINVAL";
    const domid = parseDomid(text);
    if (domid === undefined) return "EINVAL";
    const record = rooms.domains.known(domid);
    return record === undefined ? "ENOENT" : bytesOf(`${record.features}\0`);
  },
});

export const setFeature: RequestType = requestType({
  privileged: true,
  read: (payload) => {
    const list = strings(payload);
    return list.length === 2 ? list : undefined;
  },
  handle: ({ domains }, _, [domidText = "", maskText = ""]) => {
    const domid = parseDomid(domidText);
    if (domid === undefined) return "EINVAL";
    const record = domains.known(domid);
    if (record === undefined) return "ENOENT";
    if (record.introduced) return "EBUSY";
    const mask = atoi(maskText);
    if ((mask & ~domains.features) !== 0) return "EINVAL";
    record.features = mask;
    return OK;
  },
});
