import { MESSAGE } from "@xenkit/xenstore-wire";
import type { RequestType } from "./request.ts";
import { control } from "./requests-control.ts";
import { directory, directoryPart, mkdir, read, rm, write } from "./requests-data.ts";
import {
  getDomainPath,
  introduce,
  isDomainIntroduced,
  release,
  resume,
  setTarget,
} from "./requests-domain.ts";
import { getFeature, setFeature } from "./requests-feature.ts";
import { getPerms, setPerms } from "./requests-perms.ts";
import { getQuota, setQuota } from "./requests-quota.ts";
import { transactionEnd, transactionStart } from "./requests-transaction.ts";
import { resetWatches, unwatch, watch } from "./requests-watch.ts";

/** Every request that a client may send. Whatever is not here gets ENOSYS. */
export const REQUESTS: ReadonlyMap<number, RequestType> = new Map([
  [MESSAGE.control, control],
  [MESSAGE.directory, directory],
  [MESSAGE.read, read],
  [MESSAGE.getPerms, getPerms],
  [MESSAGE.watch, watch],
  [MESSAGE.unwatch, unwatch],
  [MESSAGE.transactionStart, transactionStart],
  [MESSAGE.transactionEnd, transactionEnd],
  [MESSAGE.introduce, introduce],
  [MESSAGE.release, release],
  [MESSAGE.getDomainPath, getDomainPath],
  [MESSAGE.write, write],
  [MESSAGE.mkdir, mkdir],
  [MESSAGE.rm, rm],
  [MESSAGE.setPerms, setPerms],
  [MESSAGE.isDomainIntroduced, isDomainIntroduced],
  [MESSAGE.resume, resume],
  [MESSAGE.setTarget, setTarget],
  [MESSAGE.resetWatches, resetWatches],
  [MESSAGE.directoryPart, directoryPart],
  [MESSAGE.getFeature, getFeature],
  [MESSAGE.setFeature, setFeature],
  [MESSAGE.getQuota, getQuota],
  [MESSAGE.setQuota, setQuota],
]);
