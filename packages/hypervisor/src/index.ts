export type { Call } from "./call.ts";
export type { EventListener } from "./deliveries.ts";
export type { Subject } from "./domain.ts";
export type { DomainSummary } from "./domain-summary.ts";
export type { EventChannels } from "./event-channel-handle.ts";
export { GNTREF, type Grant } from "./grants.ts";
export { PAGE_SIZE } from "./guest-memory.ts";
export { createHypervisor, type Hypervisor } from "./hypervisor.ts";
export {
  HypervisorError,
  type HypervisorErrorCode,
  isHypervisorError,
} from "./hypervisor-error.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export type { DrainOrder, FailedBind, NoticeOrder } from "./machine.ts";
export type { StepName } from "./operation.ts";
export type { HypervisorOptions } from "./options.ts";
export { type MappedPage, type Pages, XENSTORE_GFN } from "./page-interface.ts";
export { type Action, defaultPolicy, type Policy } from "./policy.ts";
export { type HypervisorState, STATE_VERSION } from "./state.ts";
export { createRequest, type NewDomain, type Toolstack } from "./toolstack.ts";
export type { UniqueIdPolicy } from "./unique-ids.ts";
