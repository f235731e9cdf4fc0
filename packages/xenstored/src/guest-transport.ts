import type { ConnectionSink, StoreConnection } from "./store-connection.ts";

/** How a guest's bytes come and go: its ring and its event channel. */
export interface GuestTransport extends ConnectionSink {
  /** Empties both rings and begins to serve. Called after the introduction was announced. */
  start(): void;
  /** INTRODUCE again: binds `port` instead, drops what was under way, empties both rings. */
  restart(port: number): void;
  /** Unbinds and unmaps. The connection is closed already, or was never used. */
  close(): void;
}

/** What a transport is made for. */
export interface Guest {
  readonly domid: number;
  /** A port of the guest's, a u32; undefined: the one that its page names. */
  readonly port: number | undefined;
  /** A set of `FEATURE` bits, for the page. */
  readonly features: number;
  /** Takes the guest's bytes and has those for it. */
  readonly connection: StoreConnection;
}

/** Makes transports: the daemon's only way to a guest. */
export interface GuestTransports {
  /**
   * Maps a guest's page and binds its port.
   *
   * @returns Undefined when that is not possible: INTRODUCE answers EINVAL.
   */
  open(guest: Guest): GuestTransport | undefined;
}

const IGNORE = (): void => {};

/** Guests that are introduced but never heard: for a host without rings. */
export const SILENT_GUESTS: GuestTransports = {
  open: () => ({ start: IGNORE, restart: IGNORE, close: IGNORE, output: IGNORE, closed: IGNORE }),
};
