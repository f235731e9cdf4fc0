import type { Runtime } from "@xenkit/xenstore-client";

/** A runtime whose time only passes when told, and whose dice always fall the same. */
export interface Clock extends Runtime {
  /** Lets so many milliseconds pass. What is due happens, in order, with the promises that it settles. */
  pass(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly waiting: number;
}

export const fakeClock = (dice = 0.5): Clock => {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const quiet = async (): Promise<void> => {
    for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
  };
  return {
    get waiting() {
      return timers.size;
    },
    random: () => dice,
    soon: queueMicrotask,
    after: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass: async (ms) => {
      const end = now + ms;
      await quiet();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.callback();
        await quiet();
      }
      now = end;
    },
  };
};
