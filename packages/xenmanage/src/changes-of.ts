import { checkLimit } from "./check-limit.ts";
import type { DomainChange } from "./domain-change.ts";
import type { DomainTracker } from "./domain-tracker.ts";
import { XenmanageError } from "./xenmanage-error.ts";

/** How {@link changesOf} waits. */
export interface ChangesOptions {
  /** Ends the iteration, after what is queued. */
  readonly signal?: AbortSignal;
  /** The most changes that may wait to be taken, 1 or more; 65,536 by default. */
  readonly limit?: number;
}

/**
 * The changes from this call on, as an async iterable. Subscribes at once, not at the first `next`.
 *
 * @throws XenmanageError bad-option for a limit below 1; from `next`, queue-overflow, once the changes that fitted are
 *   taken: read `snapshot()` then and start again.
 */
export const changesOf = (
  tracker: DomainTracker,
  options: ChangesOptions = {},
): AsyncIterableIterator<DomainChange, undefined> => {
  const { signal, limit = 65_536 } = options;
  checkLimit("limit", limit);
  let queue: DomainChange[] = [];
  /** How many of the queue are taken. */
  let taken = 0;
  let end: (() => IteratorReturnResult<undefined>) | undefined;
  const waiters: (() => void)[] = [];
  const wake = (): void => {
    for (const waiter of waiters.splice(0)) waiter();
  };

  const finish = (how: () => IteratorReturnResult<undefined>): void => {
    end ??= how;
    unsubscribe();
    signal?.removeEventListener("abort", abort);
    wake();
  };
  const done = (): IteratorReturnResult<undefined> => ({ done: true, value: undefined });
  const overflow = (): never => {
    end = done;
    const message = `changes: queue-overflow: ${limit} changes were not taken`;
    throw new XenmanageError("queue-overflow", message, { limit });
  };
  const abort = (): void => finish(done);
  const unsubscribe = tracker.onChange((change) => {
    if (queue.length - taken >= limit) return finish(overflow);
    queue.push(change);
    wake();
  });
  if (signal?.aborted) finish(done);
  else signal?.addEventListener("abort", abort);

  /** Not `shift`: it moves all that wait, each time. */
  const take = (): DomainChange | undefined => {
    const value = queue[taken];
    if (value === undefined) return undefined;
    taken += 1;
    if (taken * 2 >= queue.length) {
      queue = queue.slice(taken);
      taken = 0;
    }
    return value;
  };
  const next = async (): Promise<IteratorResult<DomainChange, undefined>> => {
    for (;;) {
      const value = take();
      if (value !== undefined) return { done: false, value };
      if (end !== undefined) return end();
      await new Promise<void>((resolve) => waiters.push(resolve));
    }
  };
  return {
    next,
    return: async () => {
      queue = [];
      taken = 0;
      finish(done);
      return done();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};
