export { type BenchOptions, bench } from "./bench.ts";
export type { Figures } from "./figures.ts";
export { loadC } from "./load-c.ts";
export { type Row, type Sampler, sample, sampleAsync } from "./row.ts";
export type { Target } from "./target.ts";
