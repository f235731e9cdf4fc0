import { bytes, i32, u32 } from "./field.ts";
import type { Release } from "./hypercalls.ts";
import { type StructCodec, struct } from "./struct.ts";

/** `struct xen_arch_domainconfig` of x86. */
export interface ArchDomainConfig {
  /** A set of `XEN_X86_EMU_*` flags: which devices the hypervisor itself emulates. */
  readonly emulationFlags: number;
  /** A set of `XEN_X86_*` flags. */
  readonly miscFlags: number;
}

/**
 * `struct xen_arch_domainconfig` of x86, 8 bytes: `emulationFlags` at 0, `miscFlags` at 4.
 *
 * Source: Xen's public `arch-x86/xen.h`; the size recorded from 4.21.2 and 4.22.0.
 */
export const archDomainConfig: StructCodec<ArchDomainConfig> = struct("xen_arch_domainconfig", {
  emulationFlags: u32,
  miscFlags: u32,
});

/** What createdomain is told. Comes back as the hypervisor made it fit. */
export interface CreateDomain {
  /** Security label; 0 without a security module. */
  readonly ssidref: number;
  /** The UUID: 16 bytes. */
  readonly handle: Uint8Array;
  /** A set of `CDF` flags. */
  readonly flags: number;
  /** A set of `XEN_DOMCTL_IOMMU_*` flags, 32 bits; only with the IOMMU flag in `flags`. */
  readonly iommuOpts: number;
  /** How many vCPUs it can have. */
  readonly maxVcpus: number;
  /** The highest event channel port it can have. */
  readonly maxEvtchnPort: number;
  /** In pages; negative: the hypervisor's default. */
  readonly maxGrantFrames: number;
  /** In pages; negative: the hypervisor's default. */
  readonly maxMaptrackFrames: number;
  /** The highest grant table version, in the low 4 bits. */
  readonly grantOpts: number;
  /** Bits 0 … 1: the mode of alternative page tables; 0: none. */
  readonly altp2m: number;
  /** Per vCPU, in bytes; 0: none. */
  readonly vmtraceSize: number;
  /** The CPU pool that it starts in, 32 bits; 0: the first one. */
  readonly cpupoolId: number;
  /** What only x86 has. */
  readonly arch: ArchDomainConfig;
}

const createDomain421: StructCodec<CreateDomain> = struct("xen_domctl_createdomain", {
  ssidref: u32,
  handle: bytes(16),
  flags: u32,
  iommuOpts: u32,
  maxVcpus: u32,
  maxEvtchnPort: u32,
  maxGrantFrames: i32,
  maxMaptrackFrames: i32,
  grantOpts: u32,
  altp2m: u32,
  vmtraceSize: u32,
  cpupoolId: u32,
  arch: archDomainConfig,
});

/**
 * `struct xen_domctl_createdomain` by release, 68 bytes, at offset 16 of `struct xen_domctl`.
 *
 * | offset | size | field                                     |
 * | -----: | ---: | ----------------------------------------- |
 * |      0 |    4 | `ssidref`                                 |
 * |      4 |   16 | `handle`                                  |
 * |     20 |    4 | `flags`                                   |
 * |     24 |    4 | `iommuOpts` `iommu_opts`                  |
 * |     28 |    4 | `maxVcpus` `max_vcpus`                    |
 * |     32 |    4 | `maxEvtchnPort` `max_evtchn_port`         |
 * |     36 |    4 | `maxGrantFrames` `max_grant_frames`       |
 * |     40 |    4 | `maxMaptrackFrames` `max_maptrack_frames` |
 * |     44 |    4 | `grantOpts` `grant_opts`                  |
 * |     48 |    4 | `altp2m`                                  |
 * |     52 |    4 | `vmtraceSize` `vmtrace_size`              |
 * |     56 |    4 | `cpupoolId` `cpupool_id`                  |
 * |     60 |    8 | `arch`                                    |
 *
 * The two releases have the same layout; it is no part of the stable interface, so look it up by release.
 *
 * Source: the layout recorded from 4.21.2 and 4.22.0; signs from Xen's public `domctl.h` of 4.17.
 */
export const createDomain: { readonly [R in Release]: StructCodec<CreateDomain> } = {
  "4.21": createDomain421,
  "4.22": createDomain421,
};
