import type { DrainUnderWay } from "./drain.ts";
import type { Enter } from "./event-channel-handle.ts";
import type { Operation, StepName } from "./operation.ts";

/** A hypercall that is carried out step by step. */
export interface Call {
  /** The step that comes next; undefined when the hypercall is over, or another state was loaded. */
  readonly next: StepName | undefined;
  /** What the hypercall returns, once it is over; before that it says nothing. */
  readonly result: number;
  /** Takes the next step. Does nothing when the hypercall is over. */
  step(): void;
  /** All that tells it from another call under way of the same kind, as plain data. */
  dump(): unknown;
}

/**
 * @param operation - What is still to do; undefined when the hypercall was over at once.
 * @param isCurrent - False when another state was loaded since the hypercall began.
 * @param finish - Called with the result when it is over.
 */
export const callOf = (
  operation: Operation | DrainUnderWay | undefined,
  result: number,
  enter: Enter,
  isCurrent: () => boolean,
  finish: (result: number) => void,
): Call => {
  if (operation === undefined) {
    finish(result);
    return { next: undefined, result, step: () => {}, dump: () => [result] };
  }
  const next = (): StepName | undefined => (isCurrent() ? operation.next : undefined);
  return {
    get next() {
      return next();
    },
    get result() {
      return operation.result;
    },
    step: () => {
      if (next() === undefined) return;
      if (!enter(() => operation.step())) finish(operation.result);
    },
    dump: () => operation.dump(),
  };
};
