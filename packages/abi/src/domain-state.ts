import { u16, u32, u64 } from "./field.ts";
import { type StructCodec, struct } from "./struct.ts";

/** What the hypervisor says of one domain: the payload of get_domain_state. */
export interface DomainState {
  /** A set of `STATE` flags; 0 for a domain that is gone. Bits without a name are kept. */
  readonly state: number;
  /** A set of `CAPS` flags. Bits without a name are kept. */
  readonly caps: number;
  /** Reserved: 0 from the caller, 0 in the answer. Kept, so that a bad caller can be told. */
  readonly pad0: number;
  /** Differs between two domains that had the same domid. Opaque; not ordered; 0: no domain. */
  readonly uniqueId: bigint;
}

/**
 * `struct xen_domctl_get_domain_state`, 16 bytes, at offset 16 of `struct xen_domctl`.
 *
 * | offset | size | field                  |
 * | -----: | ---: | ---------------------- |
 * |      0 |    2 | `state`                |
 * |      2 |    2 | `caps`                 |
 * |      4 |    4 | `pad0`                 |
 * |      8 |    8 | `uniqueId` `unique_id` |
 *
 * Source: Xen's public `domctl.h` since 4.21; the layout recorded from 4.21.2 and 4.22.0.
 */
export const domainState: StructCodec<DomainState> = struct("xen_domctl_get_domain_state", {
  state: u16,
  caps: u16,
  pad0: u32,
  uniqueId: u64,
});
