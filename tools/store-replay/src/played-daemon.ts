import type { DomainTracker } from "@xenkit/xenmanage";

/**
 * The daemon under test, as far as a recording drives it. `@xenkit/xenstored` has this shape; it is not named here, so
 * that its own tests can use this package.
 */
export interface PlayedDaemon {
  /** A socket client. */
  connect(sink: {
    readonly output: () => void;
    readonly closed: (reason: string) => void;
  }): PlayedConnection;
  /** Serves a domain that was there before the daemon. */
  adopt(domid: number, port?: number): boolean;
}

/** One socket client of the daemon. */
export interface PlayedConnection {
  receive(bytes: Uint8Array): void;
  readonly output: { take(): Uint8Array };
  close(): void;
}

/** What the daemon's rings stand on: `RingHost` of `@xenkit/xenstored`. */
export interface PlayedRings {
  readonly defer: (task: () => void) => void;
  readonly map: (
    domid: number,
  ) => { readonly page: Uint8Array; readonly unmap: () => void } | undefined;
  readonly bind: (
    domid: number,
    port: number,
    onEvent: () => void,
  ) => { readonly notify: () => void; readonly close: () => void } | undefined;
}

/** The time of a recording: `Clock` of `@xenkit/xenstored`. */
export interface PlayedClock {
  readonly now: () => number;
  readonly after: (delay: number, task: () => void) => () => void;
}

/** How a daemon is to be made. */
export interface DaemonSetup {
  /** It follows the domains by this tracker, and asks through it. */
  readonly tracker: DomainTracker;
  readonly rings: PlayedRings;
  /** All the time that it knows. */
  readonly clock: PlayedClock;
  /** Each of these limits is to be one less than its default. */
  readonly loweredLimits: readonly LoweredLimit[];
  /** Nodes of a domain that ended go to the control domain. */
  readonly keepOrphans: boolean;
}

/** Makes a daemon with an empty store. */
export type MakeDaemon = (setup: DaemonSetup) => PlayedDaemon;

/** The limits that the recorded daemon takes one too low. */
export const LOWERED_LIMITS = [
  "nodes",
  "watches",
  "transactions",
  "transaction-nodes",
  "node-permissions",
  "path-max",
  "node-size",
] as const;

type LoweredLimit = (typeof LOWERED_LIMITS)[number];
