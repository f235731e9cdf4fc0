import { XenstoreError } from "./client-error.ts";

/**
 * Refuses a number that makes no sense; one that is missing makes some.
 *
 * @throws XenstoreError `bad-argument`.
 */
export const atLeast = (least: number, name: string, value: number | undefined): void => {
  if (value === undefined || value >= least) return;
  const what = `${name}: ${value}, ${least} is the least`;
  throw new XenstoreError("bad-argument", `bad-argument: ${what}`, { what });
};
