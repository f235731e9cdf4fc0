import { u16, u32 } from "./field.ts";
import { type StructCodec, struct } from "./struct.ts";

/** SCHEDOP_remote_shutdown: shuts another domain down. */
export interface SchedRemoteShutdown {
  /** Which domain, 16 bits. */
  readonly domainId: number;
  /** One of `SHUTDOWN`. */
  readonly reason: number;
}

/**
 * `struct sched_remote_shutdown`, 8 bytes: `domainId` at 0 (u16), `reason` at 4 (u32); 2 … 3 are padding.
 *
 * Source: the layout recorded from 4.21.2 and 4.22.0.
 */
export const schedRemoteShutdown: StructCodec<SchedRemoteShutdown> = struct(
  "sched_remote_shutdown",
  { domainId: u16, reason: u32 },
);

/** SCHEDOP_shutdown: the caller shuts itself down. */
export interface SchedShutdown {
  /** One of `SHUTDOWN`. */
  readonly reason: number;
}

/** `struct sched_shutdown`, 4 bytes. Source: Xen's public `sched.h` of 4.17. */
export const schedShutdown: StructCodec<SchedShutdown> = struct("sched_shutdown", { reason: u32 });
