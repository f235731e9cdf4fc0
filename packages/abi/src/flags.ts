/** `flags` of createdomain. Source: Xen's public `domctl.h`. */
export const CDF = {
  /** A hardware-assisted guest; without it a paravirtualised one. */
  hvm: 0x01,
  /** Hardware-assisted paging. */
  hap: 0x02,
  s3Integrity: 0x04,
  /** No out-of-sync shadow page tables. The hypervisor adds it for PV guests. */
  oosOff: 0x08,
  /** This domain runs Xenstore. */
  xsDomain: 0x10,
  iommu: 0x20,
  nestedVirt: 0x40,
  vpmu: 0x80,
} as const;

/** `flags` of getdomaininfo, below the shutdown reason. Source: Xen's public `domctl.h`. */
export const DOMINF = {
  dying: 0x001,
  hvmGuest: 0x002,
  shutdown: 0x004,
  paused: 0x008,
  blocked: 0x010,
  running: 0x020,
  debugged: 0x040,
  xsDomain: 0x080,
  hap: 0x100,
} as const;

/** The shutdown reason is bits 16 … 23 of getdomaininfo's `flags`. */
export const DOMINF_SHUTDOWN_SHIFT = 16;
/** The bits of the shutdown reason, after the shift. */
export const DOMINF_SHUTDOWN_MASK = 0xff;

/** Why a domain shut down. Source: Xen's public `sched.h`. */
export const SHUTDOWN = {
  poweroff: 0,
  reboot: 1,
  suspend: 2,
  crash: 3,
  watchdog: 4,
  softReset: 5,
} as const;

/** `status` of EVTCHNOP_status. Source: Xen's public `event_channel.h`. */
export const EVTCHNSTAT = {
  closed: 0,
  unbound: 1,
  interdomain: 2,
  pirq: 3,
  virq: 4,
  ipi: 5,
} as const;

/** `flags` of mapping a grant. Source: Xen's public `grant_table.h`. */
export const GNTMAP = { deviceMap: 0x01, hostMap: 0x02, readonly: 0x04 } as const;

/** `status` of a grant operation: 0 or negative. Source: Xen's public `grant_table.h`. */
export const GNTST = {
  okay: 0,
  generalError: -1,
  badDomain: -2,
  badGntref: -3,
  badHandle: -4,
  badVirtAddr: -5,
  badDevAddr: -6,
  noDeviceSpace: -7,
  permissionDenied: -8,
  badPage: -9,
  badCopyArg: -10,
  addressTooBig: -11,
  eagain: -12,
  noSpace: -13,
} as const;
