export { changedLines } from "./changed-lines.ts";
export type { FoundMutant } from "./found-mutant.ts";
export type { KnownSurvivors } from "./known-survivors.ts";
export { LOW_LEVEL_MUTATORS } from "./low-level-mutators.ts";
export { scoreOf } from "./score.ts";
export { mutators } from "./stryker-inside.ts";
