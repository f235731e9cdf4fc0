export { FEATURE } from "@xenkit/xenstore-wire";
export { Client, connect, createClient } from "./client.ts";
export {
  type FailedRequest,
  isXenstoreError,
  type OwnErrorDetails,
  type Refusal,
  type Unanswered,
  XenstoreError,
  type XenstoreErrorCode,
  type XenstoreErrorDetails,
} from "./client-error.ts";
export type { TreeOptions } from "./nodes-limit.ts";
export {
  type Access,
  formatPermissions,
  type PermissionEntry,
  type Permissions,
  parsePermissions,
} from "./permissions.ts";
export type { TransactionOptions } from "./run-transaction.ts";
export { platformRuntime, type Runtime } from "./runtime.ts";
export type { ClientOptions, RequestOptions } from "./session-options.ts";
export type { ClientStatus, ReconnectOptions } from "./status.ts";
export { StoreRequests } from "./store-requests.ts";
export type { Subscription } from "./subscribe.ts";
export { Transaction } from "./transaction.ts";
export type { Link, Transport, TransportPeer, TransportTraits } from "./transport.ts";
export type { TreeNode } from "./tree.ts";
export type { WaitOptions } from "./wait-for.ts";
export type { WalkEntry } from "./walk.ts";
export { Watch, type WatchOptions } from "./watch.ts";
export type { WatchEvent, WatchOverflow } from "./watch-queue.ts";
