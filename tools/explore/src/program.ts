import type { DrainOrder, FailedBind, NoticeOrder } from "@xenkit/hypervisor";
import type { ConsumerName } from "./consumers.ts";

/** A small program: what was there before, and what several CPUs do at the same time. */
export interface Program {
  readonly name: string;
  /** The switches of the hypervisor. */
  readonly hypervisor?: {
    readonly drainOrder?: DrainOrder;
    readonly noticeOrder?: NoticeOrder;
    readonly failedBind?: FailedBind;
    readonly teardownSteps?: number;
  };
  readonly consumer: ConsumerName;
  /** Done before, one after the other, and seen by the consumer. */
  readonly before?: readonly string[];
  /** By CPU: what it does, in order. */
  readonly cpus: readonly (readonly string[])[];
}
