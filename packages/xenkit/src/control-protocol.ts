/**
 * The control protocol: HTTP with JSON over a unix socket, so that curl speaks it too.
 *
 * | request                            | body                        | answer                                    |
 * | ---------------------------------- | --------------------------- | ----------------------------------------- |
 * | `GET /v1/host`                     |                             | {@link HostAnswer}                        |
 * | `GET /v1/domains`                  |                             | `{ domains:` {@link DomainAnswer}`[] }`   |
 * | `POST /v1/domains`                 | {@link CreateRequest}       | 201, `{ domains: … }`: the new ones         |
 * | `POST /v1/domains/DOMID/pause`     |                             | `{ domain: … }`, also for all below       |
 * | `POST /v1/domains/DOMID/unpause`   |                             |                                           |
 * | `POST /v1/domains/DOMID/shutdown`  | {@link ShutdownRequest}     |                                           |
 * | `POST /v1/domains/DOMID/resume`    |                             |                                           |
 * | `DELETE /v1/domains/DOMID`         |                             | `domain` is as it was before              |
 * | `GET /v1/usage`                    |                             | `{ usages:` {@link DomainUsageAnswer}`[] }` |
 * | `GET /v1/domains/DOMID/usage`      |                             | `{ usage:` {@link DomainUsageAnswer}` }`    |
 * | `GET /metrics`                     |                             | text for Prometheus                       |
 * | `GET /v1/changes`                  |                             | lines of {@link ChangeAnswer}, as they come |
 *
 * Every failure is `{ error: { code, message } }` with a status from 400 on: see {@link ErrorAnswer}.
 */

/** The most domains that one request may create: a longer one would keep the others waiting. */
export const CREATE_MAX = 100;
/** The largest request body, in bytes. */
export const BODY_MAX = 16_384;
/** The highest domid that a guest can have; 0 is the host's own. */
export const DOMID_MAX = 0x7fef;

/** Why a domain shuts down. */
export type ShutdownReason =
  | "poweroff"
  | "reboot"
  | "suspend"
  | "crash"
  | "watchdog"
  | "soft-reset";

/** The reasons, in the order of their numbers. */
export const SHUTDOWN_REASONS: readonly ShutdownReason[] = [
  "poweroff",
  "reboot",
  "suspend",
  "crash",
  "watchdog",
  "soft-reset",
];

/** One guest to create. */
interface GuestRequest {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`, no sign first. `guest-DOMID` if missing. */
  readonly name?: string | undefined;
  /** 1 to {@link DOMID_MAX}; the next free one if missing. */
  readonly domid?: number | undefined;
  /** Gives it the capability to run Xenstore. */
  readonly xenstore?: boolean | undefined;
}

/** Guests to create, in this order. At least 1, at most {@link CREATE_MAX}. */
export interface CreateRequest {
  readonly guests: readonly GuestRequest[];
}

/** How to shut a domain down. */
export interface ShutdownRequest {
  /** `poweroff` if missing. */
  readonly reason?: ShutdownReason | undefined;
}

/** What runs here. */
export interface HostAnswer {
  readonly pid: number;
  readonly version: string;
  readonly directory: string;
  readonly release: string;
  readonly uniqueIds: string;
  readonly xenstored: string;
  readonly control: string;
  /** What pages connect to, with its token; null when there is none. */
  readonly websocket: string | null;
}

/** One domain. */
export interface DomainAnswer {
  readonly domid: number;
  /** From Xenstore; null when it has none there. */
  readonly name: string | null;
  /** A set of state flags, as get_domain_state answers. */
  readonly state: number;
  readonly stateNames: readonly string[];
  readonly paused: boolean;
  /** Null unless it is shut down. */
  readonly shutdownReason: string | null;
  /** A set of capability flags, as get_domain_state answers. */
  readonly caps: number;
  readonly capsNames: readonly string[];
  /** Decimal: 64 bits are more than a JSON number keeps. */
  readonly uniqueId: string;
}

/** What a domain uses of one quota of the Xenstore daemon. */
interface QuotaUsageAnswer {
  /** Now; 0 for what is measured by request. */
  readonly used: number;
  readonly peak: number;
  /** 0: none. */
  readonly limit: number;
  /** How often it has refused something. */
  readonly refusals: number;
}

/** What a domain uses of the Xenstore daemon. */
export interface DomainUsageAnswer {
  readonly domid: number;
  readonly introduced: boolean;
  /** What its requests wait for: `outstanding`, `memory`, `write rate`; null: they are read. */
  readonly held: string | null;
  /** By quota, as GET_QUOTA names them. */
  readonly quotas: Readonly<Record<string, QuotaUsageAnswer>>;
}

/** One change, as it was drained. */
export interface ChangeAnswer {
  /** ISO 8601, of the host's clock. */
  readonly time: string;
  readonly kind: "appeared" | "shutdown" | "resumed" | "dead" | "gone" | "replaced";
  readonly domid: number;
  readonly name: string | null;
  readonly state: number;
  readonly stateNames: readonly string[];
  readonly caps: number;
  readonly capsNames: readonly string[];
  /** Decimal; "0" for a domain that is gone. */
  readonly uniqueId: string;
  /** What the domid had before; null for one that appeared. */
  readonly previousUniqueId: string | null;
}

/** Codes of failures that are the protocol's own; the others are errno names of the hypervisor (`EEXIST`). */
export type ControlErrorCode =
  | "bad-request"
  | "too-large"
  | "unknown-route"
  | "wrong-method"
  | "too-slow"
  | "host-down"
  | "internal";

/** A failure. */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
  /** When a creation fails: the guests before it, which stay. */
  readonly domains?: readonly DomainAnswer[];
}
