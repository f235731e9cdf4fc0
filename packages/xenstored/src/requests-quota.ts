import { atoi, bytesOf, parseDomid, strings, type WireErrorName } from "@xenkit/xenstore-wire";
import { isQuotaName, QUOTA_NAMES, type Quotas } from "./quota.ts";
import { OK, type RequestType, type Rooms, requestType } from "./request.ts";

/** −1: not a limit, but the C library's word for a failure. */
const NO_VALUE = 0xffff_ffff;

export const getQuota: RequestType = requestType({
  privileged: true,
  read: (payload) => {
    const list = strings(payload);
    return list.length <= 2 ? list : undefined;
  },
  handle: (rooms, _, list) => {
    const name = list[list.length - 1];
    if (name === undefined) return bytesOf(`${QUOTA_NAMES.join(" ")}\0`);
    const quotas = quotasOf(rooms, list.length === 2 ? list[0] : undefined);
    if (typeof quotas === "string") return quotas;
    return isQuotaName(name) ? bytesOf(`${quotas[name]}\0`) : "EINVAL";
  },
});

export const setQuota: RequestType = requestType({
  privileged: true,
  read: (payload) => {
    const list = strings(payload);
    return list.length === 2 || list.length === 3 ? list : undefined;
  },
  handle: (rooms, _, list) => {
    const [name = "", text = ""] = list.slice(-2);
    const quotas = quotasOf(rooms, list.length === 3 ? list[0] : undefined);
    if (typeof quotas === "string") return quotas;
    const value = atoi(text) >>> 0;
    if (!isQuotaName(name) || value === NO_VALUE) return "EINVAL";
    quotas[name] = value;
    // It may have waited for that.
    if (list.length === 3) rooms.pressure.recheck(parseDomid(list[0] ?? "") ?? -1);
    return OK;
  },
});

/** The quotas of the domain that a text names, or those that new records get. */
const quotasOf = (
  { domains, defaultQuotas }: Rooms,
  text: string | undefined,
): Quotas | WireErrorName => {
  if (text === undefined) return defaultQuotas;
  const domid = parseDomid(text);
  if (domid === undefined) return "EINVAL";
  return domains.known(domid)?.quotas ?? "ENOENT";
};
