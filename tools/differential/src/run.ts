import fc from "fast-check";
import { type AnyDeviation, type Comparison, compare } from "./compare.ts";
import { type GenerateOptions, sequences } from "./generate.ts";
import { type Observation, play } from "./play.ts";
import type { Reference } from "./reference.ts";
import type { Sequence } from "./step.ts";
import type { MakeWorld } from "./world.ts";

/** What is compared with what. */
export interface Pair {
  readonly theirs: MakeWorld;
  readonly ours: MakeWorld;
  readonly reference: Reference;
  readonly generate: GenerateOptions;
}

export interface RunOptions {
  /** At least so many are compared. */
  readonly requests: number;
  readonly seed: number;
  /** Called after each sequence. */
  readonly progress?: (compared: number) => void;
}

/** What came of a run. */
export interface RunResult {
  readonly requests: number;
  readonly events: number;
  readonly sequences: number;
  readonly met: ReadonlyMap<AnyDeviation, number>;
  /** The shortest sequence found that shows a difference. */
  readonly failure: Sequence | undefined;
}

/** Both runs of a sequence, and what differs. */
export interface Played {
  readonly theirs: readonly Observation[];
  readonly ours: readonly Observation[];
  readonly comparison: Comparison;
}

/** Plays a sequence on two fresh daemons. */
export const playBoth = async (sequence: Sequence, pair: Pair): Promise<Played> => {
  const [theirs, ours] = await Promise.all(
    [pair.theirs, pair.ours].map(async (make) => {
      await using world = await make({ tight: sequence.tight });
      return await play(world, sequence, pair.reference);
    }),
  );
  if (theirs === undefined || ours === undefined) throw new TypeError("two worlds make two runs");
  return { theirs, ours, comparison: compare(sequence, theirs, ours, pair.reference) };
};

/** A sequence has at least one step; most have more requests. */
const FEWEST_REQUESTS = 8;

/** Compares until enough requests were, or a difference was found and made as small as it gets. */
export const run = async (pair: Pair, options: RunOptions): Promise<RunResult> => {
  const met = new Map<AnyDeviation, number>();
  let requests = 0;
  let events = 0;
  let count = 0;
  let failed = false;
  const property = fc.asyncProperty(sequences(pair.generate), async (sequence) => {
    if (requests >= options.requests) return true;
    const { comparison } = await playBoth(sequence, pair);
    if (comparison.difference !== undefined) failed = true;
    if (failed) return comparison.difference === undefined;
    requests += comparison.requests;
    events += comparison.events;
    count += 1;
    for (const [deviation, times] of comparison.met)
      met.set(deviation, (met.get(deviation) ?? 0) + times);
    options.progress?.(requests);
    return true;
  });
  const { counterexample } = await fc.check(property, {
    seed: options.seed,
    numRuns: Math.ceil(options.requests / FEWEST_REQUESTS),
  });
  return { requests, events, sequences: count, met, failure: counterexample?.[0] };
};
