export { type AnyDeviation, type Comparison, compare, type Difference } from "./compare.ts";
export {
  DEVIATIONS,
  type Deviation,
  EVENT_DEVIATIONS,
  type EventDeviation,
} from "./deviations.ts";
export { type GenerateOptions, sequences } from "./generate.ts";
export { oracleWorld } from "./oracle-world.ts";
export { ourSocketWorld, ourWorld } from "./our-world.ts";
export { type Observation, play, type Seen } from "./play.ts";
export type { Reference } from "./reference.ts";
export { renderFailure, renderResult } from "./render.ts";
export { type Pair, type Played, playBoth, type RunOptions, type RunResult, run } from "./run.ts";
export { SITUATIONS, type SituationName } from "./situations.ts";
export { StoreInUseError, socketWorld } from "./socket-world.ts";
export type { Place, PlannedRequest, Sequence, Step, TransactionRef } from "./step.ts";
export { type Collected, type Link, type MakeWorld, TIGHT_LIMITS, type World } from "./world.ts";
