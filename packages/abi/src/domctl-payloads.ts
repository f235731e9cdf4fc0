import { u16, u32, u64 } from "./field.ts";
import { type StructCodec, struct } from "./struct.ts";

/** What set_virq_handler is told; the new handler is the header's `domain`. */
export interface SetVirqHandler {
  /** A global VIRQ, one of `VIRQ`. */
  readonly virq: number;
}

/**
 * `struct xen_domctl_set_virq_handler`, 4 bytes: `virq` at 0.
 *
 * Source: Xen's public `domctl.h`; the layout recorded from 4.21.2 and 4.22.0.
 */
export const setVirqHandler: StructCodec<SetVirqHandler> = struct("xen_domctl_set_virq_handler", {
  virq: u32,
});

/** What max_vcpus is told. */
export interface MaxVcpus {
  /** How many vCPUs. */
  readonly max: number;
}

/**
 * `struct xen_domctl_max_vcpus`, 4 bytes: `max` at 0.
 *
 * Source: Xen's public `domctl.h` of 4.17; calls recorded from 4.21.2 and 4.22.0.
 */
export const maxVcpus: StructCodec<MaxVcpus> = struct("xen_domctl_max_vcpus", { max: u32 });

/** What max_mem is told. */
export interface MaxMem {
  /** `max_memkb`: in KiB. */
  readonly maxMemkb: bigint;
}

/**
 * `struct xen_domctl_max_mem`, 8 bytes: `maxMemkb` at 0.
 *
 * Source: Xen's public `domctl.h` of 4.17; calls recorded from 4.21.2 and 4.22.0.
 */
export const maxMem: StructCodec<MaxMem> = struct("xen_domctl_max_mem", { maxMemkb: u64 });

/** What subscribe is told: which event channel of the domain is raised when it has suspended. */
export interface Subscribe {
  /** A port of the domain that the header names. */
  readonly port: number;
}

/**
 * `struct xen_domctl_subscribe`, 4 bytes: `port` at 0.
 *
 * Source: Xen's public `domctl.h` of 4.17; calls recorded from 4.21.2 and 4.22.0.
 */
export const subscribe: StructCodec<Subscribe> = struct("xen_domctl_subscribe", { port: u32 });

/** What set_target is told: the header's `domain` becomes the device model of this one. */
export interface SetTarget {
  /** The domid whose device model it may be. */
  readonly target: number;
}

/**
 * `struct xen_domctl_set_target`, 2 bytes: `target` at 0.
 *
 * Source: Xen's public `domctl.h` of 4.17.
 */
export const setTarget: StructCodec<SetTarget> = struct("xen_domctl_set_target", { target: u16 });
