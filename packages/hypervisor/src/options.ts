import { DOMID, type Release } from "@xenkit/abi";
import { Deliveries } from "./deliveries.ts";
import { DomainTable } from "./domain-table.ts";
import { DomctlWindow } from "./domctl-window.ts";
import { DomidAllocator } from "./domid-allocator.ts";
import { newRegisters } from "./drain.ts";
import { PAGE_SIZE } from "./guest-memory.ts";
import { HypervisorError } from "./hypervisor-error.ts";
import { MAX_TEARDOWN_STEPS } from "./lifecycle.ts";
import { checkedLimits, type Limits } from "./limits.ts";
import {
  type DrainOrder,
  type FailedBind,
  type Machine,
  type NoticeOrder,
  noHandlers,
} from "./machine.ts";
import { Mappings } from "./mappings.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { RELEASES } from "./release.ts";
import { type UniqueIdPolicy, UniqueIds } from "./unique-ids.ts";
import { isWhole } from "./whole.ts";

/** What a host is made with. Everything has a default. */
export interface HypervisorOptions {
  /** Which hypervisor to be. Default: 4.22. */
  readonly release?: Release;
  /**
   * What the unstable domctls must carry in `interface_version`, u32. Default: the release's.
   * Another one makes the host of a release to come that is like this one in all else.
   */
  readonly interfaceVersion?: number;
  /** How unique ids follow each other. Default: `sequence`. */
  readonly uniqueIds?: UniqueIdPolicy;
  /** The unique id of the first domain, 1 … 2^64 − 1: continues a recorded chain. */
  readonly firstUniqueId?: bigint;
  /** Nanoseconds since the start, asked once: where `xorshift` begins. Default: always 1. */
  readonly clock?: () => bigint;
  /** Default: `clear-first`, which loses nothing. `lookup-first` is Xen's order, with its race. */
  readonly drainOrder?: DrainOrder;
  /** Default: `mark-first`. `virq-first` is a bug: who hears of a change may find no mark of it. */
  readonly noticeOrder?: NoticeOrder;
  /**
   * What a failed bind of VIRQ_DOM_EXC does to the recording of changes that another has. Default:
   * `keeps-recording`. `stops-recording` is the bug of XSA-496.
   */
  readonly failedBind?: FailedBind;
  /** Default: {@link defaultPolicy}. */
  readonly policy?: Policy;
  readonly limits?: Partial<Limits>;
  /** vCPUs of dom0; false for a host without a hardware domain. Default: 1. */
  readonly dom0Vcpus?: number | false;
  /** How often destroydomain asks to be called again, for each new domain; 16 bits. Default: 0. */
  readonly teardownSteps?: number;
  /**
   * Runs the final free of a domain, which real hosts do after a grace period. Default: at once.
   */
  readonly schedule?: (step: () => void) => void;
  /**
   * Starts the delivery of events after a hypercall. Default: at once; `queueMicrotask` for never
   * inside the caller.
   */
  readonly deliver?: (flush: () => void) => void;
  /**
   * Told what event listeners throw. Default: thrown out of the hypercall, after all events were
   * delivered.
   */
  readonly onListenerError?: (error: unknown) => void;
  /** Makes a zeroed page of 4096 bytes. Default: over an ArrayBuffer. */
  readonly allocatePage?: () => Uint8Array;
}

const MAX_ID = 2n ** 64n - 1n;
const MAX_U32 = 2 ** 32 - 1;

/**
 * The empty machine that the options describe, without dom0.
 *
 * @param enter - Runs a step that comes later as a hypercall of its own.
 * @throws HypervisorError "bad-option".
 */
export const machineOf = (
  options: HypervisorOptions,
  enter: (step: () => void) => void,
): Machine => {
  const {
    firstUniqueId,
    teardownSteps = 0,
    release = "4.22",
    uniqueIds = "sequence",
    drainOrder = "clear-first",
    noticeOrder = "mark-first",
    failedBind = "keeps-recording",
    schedule,
  } = options;
  oneOf("release", release, Object.keys(RELEASES));
  oneOf("uniqueIds", uniqueIds, ["sequence", "xorshift"]);
  oneOf("drainOrder", drainOrder, ["clear-first", "lookup-first"]);
  oneOf("noticeOrder", noticeOrder, ["mark-first", "virq-first"]);
  oneOf("failedBind", failedBind, ["keeps-recording", "stops-recording"]);
  const profile = RELEASES[release];
  const { interfaceVersion = profile.interfaceVersion } = options;
  if (interfaceVersion === 0 || !isWhole(interfaceVersion, MAX_U32)) {
    throw badOption("interfaceVersion", `${interfaceVersion} is not from 1 to 2^32 − 1`);
  }
  if (firstUniqueId !== undefined && !isUniqueId(firstUniqueId)) {
    throw badOption("firstUniqueId", `${firstUniqueId} is not a bigint from 1 to 2^64 − 1`);
  }
  if (!isWhole(teardownSteps, MAX_TEARDOWN_STEPS)) {
    throw badOption("teardownSteps", `${teardownSteps} is not from 0 to ${MAX_TEARDOWN_STEPS}`);
  }
  return {
    profile: { ...profile, interfaceVersion },
    limits: checkedLimits(options.limits ?? {}),
    policy: options.policy ?? defaultPolicy,
    drainOrder,
    noticeOrder,
    failedBind,
    schedule: schedule && ((step) => schedule(() => enter(step))),
    allocatePage: options.allocatePage ?? (() => new Uint8Array(PAGE_SIZE)),
    self: { domid: DOMID.xen, caps: 0, target: undefined },
    deliveries: new Deliveries(options.deliver ?? atOnce, options.onListenerError),
    window: new DomctlWindow(),
    teardownSteps,
    drain: newRegisters(),
    byStep: false,
    begun: undefined,
    table: new DomainTable(),
    domids: new DomidAllocator(),
    uniqueIds: new UniqueIds(uniqueIds, options.clock ?? (() => 1n), firstUniqueId),
    mappings: new Mappings(),
    hardware: undefined,
    virqHandlers: noHandlers(),
    changed: undefined,
    limbo: new Set(),
    down: undefined,
  };
};

/** A caller without types can say anything. */
const isUniqueId = (id: unknown): boolean => typeof id === "bigint" && id >= 1n && id <= MAX_ID;

const oneOf = (option: string, value: string, names: readonly string[]): void => {
  if (!names.includes(value)) throw badOption(option, `${value} is not one of ${names.join(", ")}`);
};

const atOnce = (step: () => void): void => step();

export const badOption = (option: string, reason: string): HypervisorError<"bad-option"> =>
  new HypervisorError("bad-option", { option, reason });
