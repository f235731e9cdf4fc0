import type { History } from "./history.ts";

/** What there is to see of a failure: the last steps, what does not hold, and how to see it again. */
export const failureText = (
  { seed, steps }: { readonly seed: number; readonly steps: number },
  history: History,
  error: unknown,
): string =>
  [
    `seed ${seed} fails at step ${history.steps}, after:`,
    ...history.last.map((line) => `  ${line}`),
    error instanceof Error ? error.stack : String(error),
    `again: npm run simulate -- --seed ${seed} --steps ${steps}`,
  ].join("\n");
