import { type ArchDomainConfig, archDomainConfig } from "./create-domain.ts";
import { bytes, u8, u16, u32, u64 } from "./field.ts";
import type { Release } from "./hypercalls.ts";
import { type StructCodec, struct } from "./struct.ts";

/** What getdomaininfo answers: the way to learn a domain's state before get_domain_state. */
export interface DomainInfo {
  /** The domain that was found; also in the header. */
  readonly domain: number;
  /** Two bytes of padding, as they came. */
  readonly pad1: number;
  /** A set of `DOMINF` flags, and the shutdown reason in bits 16 … 23. */
  readonly flags: number;
  /** Pages that it has now. */
  readonly totPages: bigint;
  /** Pages that it may have. */
  readonly maxPages: bigint;
  /** Pages that are claimed for it and not allocated yet. */
  readonly outstandingPages: bigint;
  /** Pages that it shares with others. */
  readonly shrPages: bigint;
  /** Pages that are paged out. */
  readonly pagedPages: bigint;
  /** Guest frame number of the shared info page. */
  readonly sharedInfoFrame: bigint;
  /** In nanoseconds, of all vCPUs together. */
  readonly cpuTime: bigint;
  /** vCPUs that are up. */
  readonly nrOnlineVcpus: number;
  /** 2³² − 1: it has no vCPU. */
  readonly maxVcpuId: number;
  /** Security label; 0 without a security module. */
  readonly ssidref: number;
  /** The UUID: 16 bytes. */
  readonly handle: Uint8Array;
  /** The CPU pool that it runs in. */
  readonly cpupool: number;
  /** Width of a guest physical address, in bits; 0 … 255. */
  readonly gpaddrBits: number;
  /** Seven bytes. */
  readonly pad2: Uint8Array;
  /** As createdomain was given it. */
  readonly archConfig: ArchDomainConfig;
}

const domainInfo417: StructCodec<DomainInfo> = struct("xen_domctl_getdomaininfo", {
  domain: u16,
  pad1: u16,
  flags: u32,
  totPages: u64,
  maxPages: u64,
  outstandingPages: u64,
  shrPages: u64,
  pagedPages: u64,
  sharedInfoFrame: u64,
  cpuTime: u64,
  nrOnlineVcpus: u32,
  maxVcpuId: u32,
  ssidref: u32,
  handle: bytes(16),
  cpupool: u32,
  gpaddrBits: u8,
  pad2: bytes(7),
  archConfig: archDomainConfig,
});

/**
 * `struct xen_domctl_getdomaininfo` by release, 112 bytes, at offset 16 of `struct xen_domctl`.
 *
 * | offset | size | field                                     |
 * | -----: | ---: | ----------------------------------------- |
 * |      0 |    2 | `domain`                                  |
 * |      2 |    2 | `pad1`                                    |
 * |      4 |    4 | `flags`                                   |
 * |      8 |    8 | `totPages` `tot_pages`                    |
 * |     16 |    8 | `maxPages` `max_pages`                    |
 * |     24 |    8 | `outstandingPages` `outstanding_pages`    |
 * |     32 |    8 | `shrPages` `shr_pages`                    |
 * |     40 |    8 | `pagedPages` `paged_pages`                |
 * |     48 |    8 | `sharedInfoFrame` `shared_info_frame`     |
 * |     56 |    8 | `cpuTime` `cpu_time`                      |
 * |     64 |    4 | `nrOnlineVcpus` `nr_online_vcpus`         |
 * |     68 |    4 | `maxVcpuId` `max_vcpu_id`                 |
 * |     72 |    4 | `ssidref`                                 |
 * |     76 |   16 | `handle`                                  |
 * |     92 |    4 | `cpupool`                                 |
 * |     96 |    1 | `gpaddrBits` `gpaddr_bits`                |
 * |     97 |    7 | `pad2`                                    |
 * |    104 |    8 | `archConfig` `arch_config`                |
 *
 * Source: Xen's public `domctl.h` **of 4.17**. No recording of 4.21 or 4.22 has this struct: that it
 * is the same there is assumed, not proved.
 */
export const getDomainInfo: { readonly [R in Release]: StructCodec<DomainInfo> } = {
  "4.21": domainInfo417,
  "4.22": domainInfo417,
};
