import { fuzzFraming } from "./fuzz-framing.ts";
import { fuzzRings } from "./fuzz-rings.ts";
import { fuzzSockets } from "./fuzz-sockets.ts";
import type { Target } from "./target.ts";

/** Every way in, and how many inputs it gets in a round. */
export const TARGETS: readonly {
  readonly name: string;
  readonly runs: number;
  readonly target: Target;
}[] = [
  { name: "framing", runs: 1000, target: fuzzFraming },
  { name: "sockets (auto)", runs: 300, target: fuzzSockets("auto") },
  { name: "sockets (libuv)", runs: 300, target: fuzzSockets("libuv") },
  { name: "rings", runs: 300, target: fuzzRings },
];

/** What a run of all targets came to. */
export interface FuzzResult {
  readonly inputs: number;
  readonly requests: number;
  /** By target; the first one ends the run. */
  readonly find:
    | { readonly target: string; readonly seed: number; readonly text: string }
    | undefined;
}

/** How long, with what. */
export interface FuzzRunOptions {
  /** Of the first round; each has the next one. */
  readonly seed: number;
  /** Asked after each round: whether there is to be another. */
  readonly goesOn: () => boolean;
  readonly targets?: typeof TARGETS;
}

/** Fuzzes every target in turn, round by round, until it is time or something is found. */
export const fuzz = async ({
  seed,
  goesOn,
  targets = TARGETS,
}: FuzzRunOptions): Promise<FuzzResult> => {
  let inputs = 0;
  let requests = 0;
  let round = seed;
  do {
    for (const { name, runs, target } of targets) {
      const outcome = await target({ seed: round, runs });
      inputs += runs;
      requests += outcome.requests;
      if (outcome.find !== undefined)
        return { inputs, requests, find: { target: name, seed: round, text: outcome.find } };
    }
    round += 1;
  } while (goesOn());
  return { inputs, requests, find: undefined };
};
