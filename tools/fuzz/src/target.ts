/** What came of some runs. */
export interface Outcome {
  /** Whole messages that were written. */
  readonly requests: number;
  /** A find: the smallest input that fails, and how; undefined: there is none. */
  readonly find: string | undefined;
}

/** How long a target is fuzzed, and with what. */
export interface FuzzOptions {
  readonly seed: number;
  /** Inputs. */
  readonly runs: number;
}

/** One way in. */
export type Target = (options: FuzzOptions) => Promise<Outcome>;
