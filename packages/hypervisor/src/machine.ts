import { NR_VIRQS } from "@xenkit/abi";
import type { Bitmap } from "@xenkit/bitmap";
import type { Deliveries } from "./deliveries.ts";
import type { Domain, Subject } from "./domain.ts";
import type { DomainTable } from "./domain-table.ts";
import type { DomctlWindow } from "./domctl-window.ts";
import type { DomidAllocator } from "./domid-allocator.ts";
import type { DrainUnderWay, Registers } from "./drain.ts";
import type { Limits } from "./limits.ts";
import type { Mappings } from "./mappings.ts";
import type { Operation } from "./operation.ts";
import type { Policy } from "./policy.ts";
import type { ReleaseProfile } from "./release.ts";
import type { UniqueIds } from "./unique-ids.ts";

/** In which order the drain looks a domain up and clears its mark. */
export type DrainOrder = "clear-first" | "lookup-first";

/** In which order a change is marked and its VIRQ raised. */
export type NoticeOrder = "mark-first" | "virq-first";

/** What becomes of the recording of changes when a bind of VIRQ_DOM_EXC fails. */
export type FailedBind = "keeps-recording" | "stops-recording";

/**
 * The whole state of one emulated host and what it was made with. Changed by the step functions
 * only.
 */
export interface Machine {
  readonly profile: ReleaseProfile;
  readonly limits: Limits;
  readonly policy: Policy;
  readonly drainOrder: DrainOrder;
  readonly noticeOrder: NoticeOrder;
  readonly failedBind: FailedBind;
  /** Runs the final free of a domain, now or later. Without it, it is part of the operation. */
  readonly schedule: ((step: () => void) => void) | undefined;
  readonly allocatePage: () => Uint8Array;
  /** The hypervisor itself: the target of what concerns no single domain. */
  readonly self: Subject;
  readonly deliveries: Deliveries;
  readonly window: DomctlWindow;
  readonly teardownSteps: number;
  /** The registers of drains that run straight through. */
  readonly drain: Registers;
  /** Is the present hypercall one that is carried out step by step? */
  byStep: boolean;
  /** The operation that it began. */
  begun: Operation | DrainUnderWay | undefined;

  table: DomainTable;
  domids: DomidAllocator;
  uniqueIds: UniqueIds;
  mappings: Mappings;
  hardware: Domain | undefined;
  /** By VIRQ: who handles it in place of the hardware domain. */
  virqHandlers: (Domain | undefined)[];
  /** One mark for each domid whose domain changed; there only while VIRQ_DOM_EXC is bound. */
  changed: Bitmap | undefined;
  /** Domids whose domain is unlinked and not freed yet. */
  limbo: Set<number>;
  /** Why the hardware domain shut down, and the host with it. */
  down: number | undefined;
}

export const noHandlers = (): (Domain | undefined)[] =>
  new Array<Domain | undefined>(NR_VIRQS).fill(undefined);

/** Who handles a global VIRQ: the domain it was given to, else the hardware domain, else nobody. */
export const handlerOf = (
  machine: Pick<Machine, "virqHandlers" | "hardware">,
  virq: number,
): Domain | undefined => machine.virqHandlers[virq] ?? machine.hardware;
