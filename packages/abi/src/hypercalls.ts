/** The releases of Xen whose interface is here. */
export type Release = "4.21" | "4.22";

/** Hypercall numbers. Source: Xen's public `xen.h`. */
export const HYPERVISOR = {
  memoryOp: 12,
  xenVersion: 17,
  grantTableOp: 20,
  schedOp: 29,
  eventChannelOp: 32,
  domctl: 36,
} as const;

/** Operations of the domctl hypercall, as `cmd` has them. Source: Xen's public `domctl.h`. */
export const DOMCTL = {
  createdomain: 1,
  destroydomain: 2,
  pausedomain: 3,
  unpausedomain: 4,
  getdomaininfo: 5,
  maxMem: 11,
  maxVcpus: 15,
  resumedomain: 27,
  subscribe: 29,
  setTarget: 46,
  setVirqHandler: 66,
  getDomainState: 90,
} as const;

/**
 * `XEN_DOMCTL_INTERFACE_VERSION`: what `interface_version` must be in an unstable domctl.
 * A stable one, get_domain_state, wants {@link STABLE_INTERFACE_VERSION} in every release.
 */
export const INTERFACE_VERSION: { readonly "4.21": 0x17; readonly "4.22": 0x18 } = {
  "4.21": 0x17,
  "4.22": 0x18,
};

/** What `interface_version` must be in a stable domctl. */
export const STABLE_INTERFACE_VERSION = 0;

/** Commands of the event_channel_op hypercall. Source: Xen's public `event_channel.h`. */
export const EVTCHNOP = {
  bindInterdomain: 0,
  bindVirq: 1,
  bindPirq: 2,
  close: 3,
  send: 4,
  status: 5,
  allocUnbound: 6,
  bindIpi: 7,
  bindVcpu: 8,
  unmask: 9,
  reset: 10,
} as const;

/** Commands of the sched_op hypercall. Source: Xen's public `sched.h`. */
export const SCHEDOP = {
  yield: 0,
  block: 1,
  shutdown: 2,
  poll: 3,
  remoteShutdown: 4,
  shutdownCode: 5,
  watchdog: 6,
} as const;

/** Commands of the grant_table_op hypercall. Source: Xen's public `grant_table.h`. */
export const GNTTABOP = { mapGrantRef: 0, unmapGrantRef: 1 } as const;
