import { NR_VIRQS } from "@xenkit/abi";
import type { Bitmap } from "@xenkit/bitmap";
import type { Deliveries } from "./deliveries.ts";
import type { Domain, Subject } from "./domain.ts";
import type { DomainTable } from "./domain-table.ts";
import type { DomctlWindow } from "./domctl-window.ts";
import type { DomidAllocator } from "./domid-allocator.ts";
import type { Limits } from "./limits.ts";
import type { Mappings } from "./mappings.ts";
import type { Policy } from "./policy.ts";
import type { ReleaseProfile } from "./release.ts";
import type { UniqueIds } from "./unique-ids.ts";

/** In which order the drain looks a domain up and clears its mark. */
export type DrainOrder = "clear-first" | "lookup-first";

/**
 * The atomic effects of the operations that have more than one. Between two of them another CPU of
 * a real host can do something: `onStep` is called there.
 */
export type Step =
  | "mark-found"
  | "domain-looked-up"
  | "mark-cleared"
  | "domain-linked"
  | "shutdown-begun"
  | "shutdown-completed"
  | "dying"
  | "ports-closed"
  | "dead"
  | "unlinked"
  | "domid-freed"
  | "marked"
  | "virq-raised";

/**
 * The whole state of one emulated host and what it was made with. Changed by the step functions
 * only.
 */
export interface Machine {
  readonly profile: ReleaseProfile;
  readonly limits: Limits;
  readonly policy: Policy;
  readonly drainOrder: DrainOrder;
  /** Runs the final free of a domain, now or later. */
  readonly schedule: (step: () => void) => void;
  readonly allocatePage: () => Uint8Array;
  readonly onStep: ((step: Step) => void) | undefined;
  /** The hypervisor itself: the target of what concerns no single domain. */
  readonly self: Subject;
  readonly deliveries: Deliveries;
  readonly window: DomctlWindow;
  readonly teardownSteps: number;

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
export const handlerOf = (machine: Machine, virq: number): Domain | undefined =>
  machine.virqHandlers[virq] ?? machine.hardware;
