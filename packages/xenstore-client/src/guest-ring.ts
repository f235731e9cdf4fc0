import { type RingOptions, ring } from "./ring-link.ts";
import { pageMemory } from "./ring-memory.ts";
import type { Transport } from "./transport.ts";

/** The event channels of one domain, as `hypervisor.eventChannels(domid)` of `@xenkit/hypervisor` has them. */
export interface GuestEvents {
  /** Signals the other end of a port. */
  notify(port: number): void;
  clearPending(port: number): void;
  /** Has `listener` called when the port becomes pending; the function that it returns ends that. */
  onPort(port: number, listener: () => void): () => void;
}

/** What a guest has of its Xenstore. */
export interface GuestRingOptions {
  /** The ring page: 4096 bytes. */
  readonly page: Uint8Array;
  readonly events: GuestEvents;
  /** The port whose other end the daemon has, or will have. */
  readonly port: number;
}

/** A guest of the emulator: its page and its event channel. */
export const guestRing = ({ page, events, port }: GuestRingOptions): Transport => {
  const onNotify: RingOptions["onNotify"] = (listener) => {
    // It may have been pending since before anybody listened, and would stay so.
    events.clearPending(port);
    return events.onPort(port, () => {
      // Cleared before the ring is looked at: what comes meanwhile is an event of its own.
      events.clearPending(port);
      listener();
    });
  };
  return ring({ memory: pageMemory(page), notify: () => events.notify(port), onNotify });
};
