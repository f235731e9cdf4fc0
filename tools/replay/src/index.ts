export type { Difference, Mismatch } from "./difference.ts";
export { INVARIANTS, type Invariant } from "./invariants.ts";
export { parseRecording, type Recording } from "./parse-recording.ts";
export { isPossiblePattern } from "./possible-pattern.ts";
export { RecordingError } from "./recording-error.ts";
export { renderCounts, renderResult } from "./render.ts";
export { type ReplayOptions, type ReplayResult, replay } from "./replay.ts";
export { nextUniqueId, previousUniqueId, stepsBetween } from "./unique-id-chain.ts";
