import { u16, u32 } from "./field.ts";
import { EVTCHNSTAT } from "./flags.ts";
import { type StructCodec, struct } from "./struct.ts";

/** EVTCHNOP_status: what a port is bound to. */
export interface EvtchnStatus {
  /** Whose port; `DOMID.self` for the caller's. */
  readonly dom: number;
  /** Which of its ports. */
  readonly port: number;
  /** Out: one of `EVTCHNSTAT`. */
  readonly status: number;
  /** Out: the vCPU that is told. */
  readonly vcpu: number;
  /** Out: two words whose meaning `status` decides: see {@link evtchnBinding}. */
  readonly u: { readonly first: number; readonly second: number };
}

/**
 * `struct evtchn_status`, 24 bytes.
 *
 * | offset | size | field                                                               |
 * | -----: | ---: | ------------------------------------------------------------------- |
 * |      0 |    2 | `dom`                                                               |
 * |      4 |    4 | `port`                                                              |
 * |      8 |    4 | `status`                                                            |
 * |     12 |    4 | `vcpu`                                                              |
 * |     16 |    8 | `u`: a domid (u16 at 16) and a port (u32 at 20); or a VIRQ; or a pirq |
 *
 * Source: Xen's public `event_channel.h` of 4.17.
 */
export const evtchnStatus: StructCodec<EvtchnStatus> = struct("evtchn_status", {
  dom: u16,
  port: u32,
  status: u32,
  vcpu: u32,
  u: struct("evtchn_status.u", { first: u32, second: u32 }),
});

/** What a port is bound to, by its status. */
export type EvtchnBinding =
  | { readonly kind: "closed" }
  | { readonly kind: "unbound"; readonly dom: number }
  | { readonly kind: "interdomain"; readonly dom: number; readonly port: number }
  | { readonly kind: "pirq"; readonly pirq: number }
  | { readonly kind: "virq"; readonly virq: number }
  | { readonly kind: "ipi" }
  | { readonly kind: "unknown"; readonly status: number };

/** The union of {@link EvtchnStatus} by its `status`. A status without a name is `unknown`, not an error. */
export const evtchnBinding = ({ status, u }: Pick<EvtchnStatus, "status" | "u">): EvtchnBinding => {
  switch (status) {
    case EVTCHNSTAT.closed:
      return { kind: "closed" };
    case EVTCHNSTAT.unbound:
      return { kind: "unbound", dom: u.first & 0xffff };
    case EVTCHNSTAT.interdomain:
      return { kind: "interdomain", dom: u.first & 0xffff, port: u.second };
    case EVTCHNSTAT.pirq:
      return { kind: "pirq", pirq: u.first };
    case EVTCHNSTAT.virq:
      return { kind: "virq", virq: u.first };
    case EVTCHNSTAT.ipi:
      return { kind: "ipi" };
    default:
      return { kind: "unknown", status };
  }
};
