export type { Hold } from "./back-pressure.ts";
export type { Clock } from "./clock.ts";
export type { ControlFiles } from "./control-log.ts";
export type { DaemonCounters, RequestCount } from "./counters.ts";
export type { DomainUsage, QuotaUsage } from "./domain-usage.ts";
export { type DomainSource, SUPPORTED_FEATURES } from "./domains.ts";
export { followTracker, trackedDomains } from "./follow-tracker.ts";
export {
  type Guest,
  type GuestTransport,
  type GuestTransports,
  SILENT_GUESTS,
} from "./guest-transport.ts";
export { DEFAULT_QUOTAS, QUOTA_NAMES, type QuotaName, type Quotas } from "./quota.ts";
export type { ConflictRule } from "./request.ts";
export { type GuestChannel, type MappedRing, type RingHost, ringGuests } from "./ring-transport.ts";
export type { CloseReason, ConnectionSink, Output, StoreConnection } from "./store-connection.ts";
export {
  createStoreDaemon,
  type DaemonCounts,
  type StoreDaemon,
  type StoreDaemonOptions,
} from "./store-daemon.ts";
export {
  isXenstoredError,
  XenstoredError,
  type XenstoredErrorCode,
  type XenstoredErrorDetails,
} from "./xenstored-error.ts";
