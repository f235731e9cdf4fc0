import type { DrainOrder } from "@xenkit/hypervisor";
import type { Difference } from "./difference.ts";
import { firstUniqueId } from "./first-unique-id.ts";
import { inferHiddenSteps } from "./hidden-steps.ts";
import type { Invariant } from "./invariants.ts";
import { judge, type Run } from "./judge.ts";
import type { Recording } from "./parse-recording.ts";
import { RecordedHost } from "./recorded-host.ts";
import { Samples } from "./samples.ts";

/** How a recording is replayed. */
export interface ReplayOptions {
  /** The emulator's order of looking up and clearing; its own default when left out. */
  readonly drainOrder?: DrainOrder;
}

/** What came out. `compared` is `matched` + all of `byInvariant` + the number of `differences`. */
export interface ReplayResult {
  readonly xenVersion: string;
  /** Lines with something to compare. */
  readonly compared: number;
  /** Lines that came out the same in the return code and every byte, or in every fact of an event. */
  readonly matched: number;
  /** Lines that depend on timing: how many were held to which invariant. */
  readonly byInvariant: ReadonlyMap<Invariant, number>;
  readonly differences: readonly Difference[];
}

/** Makes every call of a recording on the emulator, and compares every answer. */
export const replay = (recording: Recording, options: ReplayOptions = {}): ReplayResult => {
  const { lines, start } = recording;
  const host = new RecordedHost(recording, options.drainOrder ?? "clear-first");
  const run: Run = {
    host,
    samples: new Samples(host),
    started: new Map(),
    ports: new Map(),
    lastId: firstUniqueId(lines),
    unrecorded: new Set(
      lines
        .filter(({ kind }) => kind === "pattern" || kind === "count")
        .map(({ scenario }) => scenario),
    ),
    lost: new Map(),
    previous: undefined,
  };
  const hidden = inferHiddenSteps(lines);
  const byInvariant = new Map<Invariant, number>();
  const differences: Difference[] = [];
  let compared = 0;
  let matched = 0;
  for (const [index, line] of lines.entries()) {
    for (const step of hidden.before.get(index) ?? []) host.step(step);
    const verdict = judge(run, line);
    run.previous = line;
    if (verdict === undefined) continue;
    compared += 1;
    const invariant = verdict.invariant ?? hidden.timed.get(index);
    if (verdict.mismatches.length > 0) differences.push({ line, mismatches: verdict.mismatches });
    else if (invariant === undefined) matched += 1;
    else byInvariant.set(invariant, (byInvariant.get(invariant) ?? 0) + 1);
  }
  return { xenVersion: start.xenVersion, compared, matched, byInvariant, differences };
};
