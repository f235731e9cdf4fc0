export type { CloseReason, Connection, ConnectionSink } from "./connection.ts";
export type { DomainRecord } from "./domain-record.ts";
export { type DomainSource, SUPPORTED_FEATURES } from "./domains.ts";
export { followTracker, trackedDomains } from "./follow-tracker.ts";
export {
  type Guest,
  type GuestTransport,
  type GuestTransports,
  SILENT_GUESTS,
} from "./guest-transport.ts";
export type { OutputQueue } from "./output-queue.ts";
export { DEFAULT_QUOTAS, QUOTA_NAMES, type QuotaName, type Quotas } from "./quota.ts";
export { type GuestChannel, type MappedRing, type RingHost, ringGuests } from "./ring-transport.ts";
export { createStoreDaemon, type StoreDaemon, type StoreDaemonOptions } from "./store-daemon.ts";
export {
  isXenstoredError,
  XenstoredError,
  type XenstoredErrorCode,
  type XenstoredErrorDetails,
} from "./xenstored-error.ts";
