export { countMessages } from "./count-messages.ts";
export { type FuzzResult, type FuzzRunOptions, fuzz, TARGETS } from "./fuzz.ts";
export type { FuzzOptions, Outcome, Target } from "./target.ts";
