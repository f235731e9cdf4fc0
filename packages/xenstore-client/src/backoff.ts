import type { Runtime } from "./runtime.ts";

/**
 * A pause with full jitter: anything from 0 to a bound that doubles with each attempt. Those who met once are
 * unlikely to meet again.
 *
 * @param attempt - 0 for the first.
 */
export const pauseMs = (
  attempt: number,
  minMs: number,
  maxMs: number,
  runtime: Pick<Runtime, "random">,
): number => runtime.random() * Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
