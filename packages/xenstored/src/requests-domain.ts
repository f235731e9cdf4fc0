import { atoi, bytesOf, domainPath, oneString, parseDomid, strings } from "@xenkit/xenstore-wire";
import { OK, type RequestType, requestType } from "./request.ts";

const DOMID_SELF = 0x7ff0;

const oneDomid = (payload: Uint8Array): number | undefined => {
  const text = oneString(payload);
  return text === undefined ? undefined : parseDomid(text);
};

const atLeast =
  (count: number) =>
  (payload: Uint8Array): string[] | undefined => {
    const list = strings(payload);
    return list.length >= count ? list : undefined;
  };

export const introduce: RequestType = requestType({
  privileged: true,
  read: atLeast(3),
  handle: ({ life }, _, [domidText = "", , portText = ""]) => {
    const domid = parseDomid(domidText);
    const port = atoi(portText) >>> 0;
    if (domid === undefined || port === 0) return "EINVAL";
    const result = life.introduce(domid, port);
    return result === "done" ? OK : result;
  },
});

export const release: RequestType = requestType({
  privileged: true,
  read: oneDomid,
  handle: ({ domains, life }, { connection }, domid) => {
    if (domid === connection.domid || domid === domains.controlDomid) return "EINVAL";
    const record = domains.introduced(domid);
    if (record === undefined) return "ENOENT";
    life.release(record);
    return OK;
  },
});

export const resume: RequestType = requestType({
  privileged: true,
  read: oneDomid,
  handle: ({ domains }, { connection }, domid) => {
    if (domid === connection.domid || domid === domains.controlDomid) return "EINVAL";
    const record = domains.introduced(domid);
    if (record === undefined) return "ENOENT";
    record.shutdownSeen = false;
    // A resume changes no mark: only asking tells whoever reports changes that the next shutdown is one.
    domains.ask(domid);
    return OK;
  },
});

export const isDomainIntroduced: RequestType = requestType({
  privileged: true,
  read: oneDomid,
  handle: ({ domains }, _, domid) =>
    bytesOf(domid === DOMID_SELF || domains.introduced(domid) !== undefined ? "T\0" : "F\0"),
});

export const getDomainPath: RequestType = requestType({
  read: oneDomid,
  handle: (_rooms, _request, domid) => bytesOf(`${domainPath(domid)}\0`),
});

export const setTarget: RequestType = requestType({
  privileged: true,
  read: atLeast(2),
  handle: ({ domains }, _, [domidText = "", targetText = ""]) => {
    const domid = parseDomid(domidText);
    const targetDomid = parseDomid(targetText);
    if (domid === undefined || targetDomid === undefined) return "EINVAL";
    const record = domains.introduced(domid);
    const target = domains.introduced(targetDomid);
    if (record === undefined || target === undefined) return "ENOENT";
    if (record.connection === undefined || target.connection === undefined) return "EINVAL";
    record.connection.target = target;
    return OK;
  },
});
