export {
  type ArchDomainConfig,
  archDomainConfig,
  type CreateDomain,
  createDomain,
} from "./create-domain.ts";
export { type DomainInfo, getDomainInfo } from "./domain-info.ts";
export { type DomainState, domainState } from "./domain-state.ts";
export {
  readCaps,
  readCommand,
  readDomain,
  readInterfaceVersion,
  readPad0,
  readState,
  readUniqueIdHigh,
  readUniqueIdLow,
  writeAnswer,
  writeDomain,
  writeRequest,
} from "./domain-state-bytes.ts";
export { DomainStateView } from "./domain-state-view.ts";
export {
  DOMCTL_PAYLOAD_OFFSET,
  DOMCTL_PAYLOAD_SIZE,
  DOMCTL_SIZE,
  type Domctl,
  type DomctlHeader,
  domctl,
  domctlHeader,
} from "./domctl.ts";
export {
  type MaxMem,
  type MaxVcpus,
  maxMem,
  maxVcpus,
  type SetTarget,
  type SetVirqHandler,
  type Subscribe,
  setTarget,
  setVirqHandler,
  subscribe,
} from "./domctl-payloads.ts";
export { DOMID } from "./domid.ts";
export { ERRNO, type ErrnoName, errnoName } from "./errno.ts";
export { AbiError, type AbiErrorCode, type AbiErrorDetails, isAbiError } from "./errors.ts";
export {
  type EvtchnAllocUnbound,
  type EvtchnBindInterdomain,
  type EvtchnBindVirq,
  type EvtchnPort,
  type EvtchnReset,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnReset,
  evtchnSend,
  evtchnUnmask,
} from "./event-channel.ts";
export {
  type EvtchnBinding,
  type EvtchnStatus,
  evtchnBinding,
  evtchnStatus,
} from "./event-channel-status.ts";
export {
  bytes,
  type Field,
  type FieldReader,
  type FieldValue,
  type FieldWriter,
  i16,
  i32,
  u8,
  u16,
  u32,
  u64,
} from "./field.ts";
export {
  CDF,
  DOMINF,
  DOMINF_SHUTDOWN_MASK,
  DOMINF_SHUTDOWN_SHIFT,
  EVTCHNSTAT,
  GNTMAP,
  GNTST,
  SHUTDOWN,
} from "./flags.ts";
export {
  type DomainStateAnswer,
  type GetDomainStateCodec,
  getDomainState,
} from "./get-domain-state.ts";
export {
  type GnttabMapGrantRef,
  type GnttabUnmapGrantRef,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
} from "./grant.ts";
export {
  DOMCTL,
  EVTCHNOP,
  GNTTABOP,
  HYPERVISOR,
  INTERFACE_VERSION,
  type Release,
  SCHEDOP,
  STABLE_INTERFACE_VERSION,
} from "./hypercalls.ts";
export { joinHalves } from "./little-endian.ts";
export {
  type SchedRemoteShutdown,
  type SchedShutdown,
  schedRemoteShutdown,
  schedShutdown,
} from "./sched.ts";
export { CAPS, capsNames, STATE, stateNames } from "./state.ts";
export { type FieldLayout, type StructCodec, type StructValue, struct } from "./struct.ts";
export { NR_VIRQS, VIRQ, type VirqClass, virqClass } from "./virq.ts";
