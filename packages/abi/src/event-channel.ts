import { u16, u32 } from "./field.ts";
import { type StructCodec, struct } from "./struct.ts";

/** EVTCHNOP_alloc_unbound: a new port of `dom` that `remoteDom` may bind to. */
export interface EvtchnAllocUnbound {
  /** Whose port; `DOMID.self` for the caller's. */
  readonly dom: number;
  /** Who may bind to it; `DOMID.self` for the caller. */
  readonly remoteDom: number;
  /** Out: the new port. */
  readonly port: number;
}

/** `struct evtchn_alloc_unbound`, 8 bytes. Source: Xen's public `event_channel.h` of 4.17. */
export const evtchnAllocUnbound: StructCodec<EvtchnAllocUnbound> = struct("evtchn_alloc_unbound", {
  dom: u16,
  remoteDom: u16,
  port: u32,
});

/** EVTCHNOP_bind_interdomain: a new port, connected to an unbound one of another domain. */
export interface EvtchnBindInterdomain {
  /** Whose port; `DOMID.self` for the caller's. */
  readonly remoteDom: number;
  /** The unbound port there. */
  readonly remotePort: number;
  /** Out: the caller's new port. */
  readonly localPort: number;
}

/**
 * `struct evtchn_bind_interdomain`, 12 bytes; 2 … 3 are padding.
 *
 * Source: the layout recorded from 4.21.2 and 4.22.0.
 */
export const evtchnBindInterdomain: StructCodec<EvtchnBindInterdomain> = struct(
  "evtchn_bind_interdomain",
  { remoteDom: u16, remotePort: u32, localPort: u32 },
);

/** EVTCHNOP_bind_virq: a new port that a VIRQ raises. */
export interface EvtchnBindVirq {
  /** One of `VIRQ`. */
  readonly virq: number;
  /** 0, unless the VIRQ is one of those that each vCPU has. */
  readonly vcpu: number;
  /** Out: the new port. */
  readonly port: number;
}

/** `struct evtchn_bind_virq`, 12 bytes. Source: the layout recorded from 4.21.2 and 4.22.0. */
export const evtchnBindVirq: StructCodec<EvtchnBindVirq> = struct("evtchn_bind_virq", {
  virq: u32,
  vcpu: u32,
  port: u32,
});

/** One port of the caller: what EVTCHNOP_close, _send and _unmask take. */
export interface EvtchnPort {
  /** Its number; 0 is never a port. */
  readonly port: number;
}

/** `struct evtchn_close`, 4 bytes. Source: the layout recorded from 4.21.2 and 4.22.0. */
export const evtchnClose: StructCodec<EvtchnPort> = struct("evtchn_close", { port: u32 });

/** `struct evtchn_send`, 4 bytes. Source: the layout recorded from 4.21.2 and 4.22.0. */
export const evtchnSend: StructCodec<EvtchnPort> = struct("evtchn_send", { port: u32 });

/** `struct evtchn_unmask`, 4 bytes. Source: the layout recorded from 4.21.2 and 4.22.0. */
export const evtchnUnmask: StructCodec<EvtchnPort> = struct("evtchn_unmask", { port: u32 });

/** EVTCHNOP_reset: close all ports of a domain. */
export interface EvtchnReset {
  /** Whose ports; `DOMID.self` for the caller's. */
  readonly dom: number;
}

/** `struct evtchn_reset`, 2 bytes. Source: Xen's public `event_channel.h` of 4.17. */
export const evtchnReset: StructCodec<EvtchnReset> = struct("evtchn_reset", { dom: u16 });
