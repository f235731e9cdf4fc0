import type { HypervisorOptions } from "@xenkit/hypervisor";
import type { StoreDaemonOptions } from "@xenkit/xenstored";

/** What a host is made with. Everything has a default. */
export interface HostOptions
  extends Pick<HypervisorOptions, "release" | "uniqueIds" | "drainOrder" | "limits" | "clock"> {
  /** Guests to create at the start, each as `createGuest()` does. Default: 0. */
  readonly domains?: number;
  /** Everything else of the hypervisor: when events are delivered, how long a teardown takes … */
  readonly hypervisor?: HypervisorOptions;
  /** Limits, clock and log of the Xenstore daemon. Its guests are reached by their rings unless told otherwise. */
  readonly store?: Omit<StoreDaemonOptions, "domains" | "controlDomid">;
  /** Runs a function soon, after the present code has returned. Default: `queueMicrotask`. */
  readonly defer?: (task: () => void) => void;
  /** Told of what fails where nobody waits for it, as in a listener. Default: thrown from a deferred function. */
  readonly onError?: (error: unknown) => void;
}

/** What a guest is created with. Everything has a default. */
export interface GuestOptions {
  /** `guest-DOMID` if missing. Names need not differ. */
  readonly name?: string | undefined;
  /** This very domid; the next automatic one if missing. */
  readonly domid?: number | undefined;
  /** Default: 1. */
  readonly vcpus?: number | undefined;
  /** Gives it the capability to run Xenstore. Default: false. */
  readonly xenstore?: boolean | undefined;
  /** Leaves it paused. Default: false. */
  readonly paused?: boolean | undefined;
}
