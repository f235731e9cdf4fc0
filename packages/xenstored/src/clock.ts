/** Time, as the daemon is given it: the core has none of its own. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /**
   * Calls `task` once, in `delay` milliseconds or a little later, and not from within a call of the daemon.
   *
   * @returns What cancels it.
   */
  after(delay: number, task: () => void): () => void;
}
