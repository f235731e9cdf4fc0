export { type ChangesOptions, changesOf } from "./changes-of.ts";
export type { DomainChange, DomainChangeKind } from "./domain-change.ts";
export type { DomainInfo } from "./domain-info.ts";
export {
  type DomainChangeListener,
  type DomainChangesListener,
  DomainTracker,
  type DomainTrackerOptions,
} from "./domain-tracker.ts";
export type { EventChannels } from "./event-channels.ts";
export type { Hypercall } from "./hypercall.ts";
export { openXenmanage, type Xenmanage, type XenmanageOptions } from "./xenmanage.ts";
export {
  isXenmanageError,
  XenmanageError,
  type XenmanageErrorCode,
  type XenmanageErrorDetails,
  type XenmanageOperation,
} from "./xenmanage-error.ts";
