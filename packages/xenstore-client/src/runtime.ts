/** All that the client takes from the world around it, apart from the transport. Give your own to run under a seed. */
export interface Runtime {
  /** A number in [0, 1): the jitter of back-offs. */
  random(): number;
  /** Calls `callback` once, after `ms` milliseconds; the function that it returns calls it off. */
  after(ms: number, callback: () => void): () => void;
  /** Calls `callback` once, when the work at hand is done: what was asked for meanwhile leaves in one write. */
  soon(callback: () => void): void;
}

/** What a platform's timer can count to, in milliseconds; more of it would be nothing. */
const TIMER_MAX = 2 ** 31 - 1;

/** What the platform has: `Math.random`, `setTimeout` (24 days at most), `queueMicrotask`. */
export const platformRuntime: Runtime = {
  random: () => Math.random(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, TIMER_MAX));
    return () => clearTimeout(timer);
  },
  soon: (callback) => queueMicrotask(callback),
};
