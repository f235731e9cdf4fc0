import { MESSAGE, messageTypeName } from "@xenkit/xenstore-wire";
import type { Permissions } from "./permissions.ts";
import {
  bytesReply,
  doneReply,
  type ListPart,
  listPartReply,
  listReply,
  namesReply,
  numberReply,
  permissionsReply,
  stringReply,
  textReply,
  trueReply,
  txIdReply,
  yesNoReply,
} from "./reply.ts";
import type { RequestKind } from "./request.ts";

const onPath = <T>(type: number, reply: (payload: Uint8Array) => T): RequestKind<T> => ({
  type,
  name: messageTypeName(type) ?? `type ${type}`,
  hasPath: true,
  reply,
});

const other = <T>(type: number, reply: (payload: Uint8Array) => T): RequestKind<T> => ({
  ...onPath(type, reply),
  hasPath: false,
});

type Done =
  | "write"
  | "mkdir"
  | "rm"
  | "setPerms"
  | "watch"
  | "unwatch"
  | "resetWatches"
  | "transactionEnd"
  | "introduce"
  | "release"
  | "resume"
  | "setTarget"
  | "setFeatures"
  | "setQuota";

type Kinds = { readonly [K in Done]: RequestKind<void> } & {
  readonly read: RequestKind<string>;
  readonly readBytes: RequestKind<Uint8Array>;
  readonly exists: RequestKind<true>;
  readonly list: RequestKind<string[]>;
  readonly listPart: RequestKind<ListPart>;
  readonly getPerms: RequestKind<Permissions>;
  readonly transactionStart: RequestKind<number>;
  readonly domainPath: RequestKind<string>;
  readonly isIntroduced: RequestKind<boolean>;
  readonly getFeatures: RequestKind<number>;
  readonly quotaNames: RequestKind<string[]>;
  readonly getQuota: RequestKind<number>;
  readonly control: RequestKind<string>;
};

/** Every request that the client can make. A kind is a type and how its reply is read. */
export const REQUEST: Kinds = {
  read: onPath(MESSAGE.read, textReply),
  readBytes: onPath(MESSAGE.read, bytesReply),
  exists: onPath(MESSAGE.read, trueReply),
  write: onPath(MESSAGE.write, doneReply),
  mkdir: onPath(MESSAGE.mkdir, doneReply),
  rm: onPath(MESSAGE.rm, doneReply),
  list: onPath(MESSAGE.directory, listReply),
  listPart: onPath(MESSAGE.directoryPart, listPartReply),
  getPerms: onPath(MESSAGE.getPerms, permissionsReply),
  setPerms: onPath(MESSAGE.setPerms, doneReply),
  watch: onPath(MESSAGE.watch, doneReply),
  unwatch: onPath(MESSAGE.unwatch, doneReply),
  resetWatches: other(MESSAGE.resetWatches, doneReply),
  transactionStart: other(MESSAGE.transactionStart, txIdReply),
  transactionEnd: other(MESSAGE.transactionEnd, doneReply),
  introduce: other(MESSAGE.introduce, doneReply),
  release: other(MESSAGE.release, doneReply),
  resume: other(MESSAGE.resume, doneReply),
  setTarget: other(MESSAGE.setTarget, doneReply),
  domainPath: other(MESSAGE.getDomainPath, stringReply),
  isIntroduced: other(MESSAGE.isDomainIntroduced, yesNoReply),
  getFeatures: other(MESSAGE.getFeature, numberReply),
  setFeatures: other(MESSAGE.setFeature, doneReply),
  quotaNames: other(MESSAGE.getQuota, namesReply),
  getQuota: other(MESSAGE.getQuota, numberReply),
  setQuota: other(MESSAGE.setQuota, doneReply),
  control: other(MESSAGE.control, stringReply),
};
