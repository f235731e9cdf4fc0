import { i16, u16, u32, u64 } from "./field.ts";
import { type StructCodec, struct } from "./struct.ts";

/** GNTTABOP_map_grant_ref: maps a page that another domain granted; grant 1 is its Xenstore ring. */
export interface GnttabMapGrantRef {
  /** Where to map it, in the caller's address space. */
  readonly hostAddr: bigint;
  /** A set of `GNTMAP` flags. */
  readonly flags: number;
  /** The grant reference, in the granting domain's table. */
  readonly ref: number;
  /** The granting domain. */
  readonly dom: number;
  /** Out: one of `GNTST`. */
  readonly status: number;
  /** Out: names the mapping when it is undone. */
  readonly handle: number;
  /** Out, for a device mapping. */
  readonly devBusAddr: bigint;
}

/**
 * `struct gnttab_map_grant_ref`, 32 bytes.
 *
 * | offset | size | field                         |
 * | -----: | ---: | ----------------------------- |
 * |      0 |    8 | `hostAddr` `host_addr`        |
 * |      8 |    4 | `flags`                       |
 * |     12 |    4 | `ref`                         |
 * |     16 |    2 | `dom`                         |
 * |     18 |    2 | `status` (signed)             |
 * |     20 |    4 | `handle`                      |
 * |     24 |    8 | `devBusAddr` `dev_bus_addr`   |
 *
 * Source: Xen's public `grant_table.h` of 4.17.
 */
export const gnttabMapGrantRef: StructCodec<GnttabMapGrantRef> = struct("gnttab_map_grant_ref", {
  hostAddr: u64,
  flags: u32,
  ref: u32,
  dom: u16,
  status: i16,
  handle: u32,
  devBusAddr: u64,
});

/** GNTTABOP_unmap_grant_ref: undoes a mapping. */
export interface GnttabUnmapGrantRef {
  /** As it was mapped; 0: not looked at. */
  readonly hostAddr: bigint;
  /** As it was mapped; 0: not looked at. */
  readonly devBusAddr: bigint;
  /** What the mapping's answer gave, 32 bits. */
  readonly handle: number;
  /** Out: one of `GNTST`. */
  readonly status: number;
}

/**
 * `struct gnttab_unmap_grant_ref`, 24 bytes; 22 … 23 are padding.
 *
 * | offset | size | field                       |
 * | -----: | ---: | --------------------------- |
 * |      0 |    8 | `hostAddr` `host_addr`      |
 * |      8 |    8 | `devBusAddr` `dev_bus_addr` |
 * |     16 |    4 | `handle`                    |
 * |     20 |    2 | `status` (signed)           |
 *
 * Source: Xen's public `grant_table.h` of 4.17.
 */
export const gnttabUnmapGrantRef: StructCodec<GnttabUnmapGrantRef> = struct(
  "gnttab_unmap_grant_ref",
  { hostAddr: u64, devBusAddr: u64, handle: u32, status: i16 },
);
