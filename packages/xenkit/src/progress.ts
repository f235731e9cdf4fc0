import type { Terminal } from "./terminal.ts";

/** Shown when a creation takes longer: a short one has no need of it. */
const AFTER_MS = 500;

/** How far a creation of many domains is: one line on a terminal, which is gone at the end. */
export interface Progress {
  readonly at: (made: number) => void;
  readonly end: () => void;
}

/** @param now - Milliseconds of any clock. */
export const creationProgress = (
  total: number,
  terminal: Terminal,
  now: () => number = () => performance.now(),
): Progress => {
  const start = now();
  let shown = false;
  return {
    at: (made) => {
      if (now() - start < AFTER_MS) return;
      shown = true;
      terminal.retell(`created ${made} of ${total} domains`);
    },
    end: () => {
      if (shown) terminal.retell("");
    },
  };
};
