import { STATE } from "@xenkit/abi";
import { type Evidence, evidenceOf, isQuestion } from "./evidence.ts";
import type { Line } from "./line.ts";

/** Something that happened in the recorded host beside the recorded operations. */
export type HiddenStepKind =
  /** Somebody takes a reference on the domain, so that it stays when it is dead. */
  | "hold-reference"
  /** That reference is given back. */
  | "drop-reference"
  /** Another CPU begins destroydomain, whose line comes later: when it has returned. */
  | "begin-destroy"
  /** That destroydomain comes to its end. */
  | "finish-destroy"
  /** The free of the domain waits for the end of a grace period. */
  | "defer-free"
  /** The grace period ends: the domain is freed, which marks its domid again. */
  | "free";

/** One hidden step, and the domain that it is about. */
export interface HiddenStep {
  readonly kind: HiddenStepKind;
  readonly domid: number;
}

/** By index of a line: what happened before it. */
export type HiddenSteps = ReadonlyMap<number, readonly HiddenStep[]>;

/** How the recorder marks what another thread saw while the operation that is written later ran. */
const WATCHER = /^watcher thread:/;

/** What was recorded of one domain, from its creation to the next one with its domid. */
interface Life {
  readonly entries: { readonly index: number; readonly evidence: Evidence }[];
}

const livesOf = (lines: readonly Line[]): readonly Life[] => {
  const current = new Map<number, Life>();
  const all: Life[] = [];
  for (const [index, line] of lines.entries()) {
    const evidence = evidenceOf(line);
    if (evidence === undefined) continue;
    let life = current.get(evidence.domid);
    if (life === undefined || evidence.kind === "created") {
      life = { entries: [] };
      current.set(evidence.domid, life);
      all.push(life);
    }
    life.entries.push({ index, evidence });
  }
  return all;
};

/** Where the VIRQ arrived although since the last look at it nothing was done but ask for domain states. */
const unexplainedArrivals = (lines: readonly Line[]): readonly number[] => {
  const arrivals: number[] = [];
  let explained = false;
  for (const [index, line] of lines.entries()) {
    if (line.kind === "operation" && !isQuestion(line)) explained = true;
    if (line.kind !== "virq") continue;
    if (line.fired && !explained) arrivals.push(index);
    explained = false;
  }
  return arrivals;
};

const isGone = ({ kind }: Evidence): boolean => kind === "zero-entry" || kind === "missing";

const hasFlag = (evidence: Evidence, flag: number): boolean =>
  evidence.kind === "seen" && (evidence.state & flag) !== 0;

/**
 * Works out what must have happened beside the recorded operations for their answers to be what they are. It looks
 * at the answers only, never at the place of a line:
 *
 * - DEAD is seen after destroydomain: a reference was held over it. It is dropped where the VIRQ arrives and nothing
 *   recorded can have raised it, or else just before the domain is seen gone.
 * - DYING is seen by a watcher thread before the line of destroydomain: that had begun. It ends when the domain is
 *   first seen dead or gone, at the latest with its line.
 * - A second all-zero entry for one destroy: the free came after the first one.
 */
export const inferHiddenSteps = (lines: readonly Line[]): HiddenSteps => {
  const steps = new Map<number, HiddenStep[]>();
  const before = (index: number, kind: HiddenStepKind, domid: number): void => {
    steps.set(index, [...(steps.get(index) ?? []), { kind, domid }]);
  };

  const arrivals = unexplainedArrivals(lines);
  for (const { entries } of livesOf(lines)) {
    const destroyed = entries.find(({ evidence }) => evidence.kind === "destroyed");
    const line = destroyed?.index ?? lines.length;
    const begun = entries.find(
      ({ index, evidence }) =>
        index < line &&
        hasFlag(evidence, STATE.dying | STATE.dead) &&
        WATCHER.test(lines[index]?.note ?? ""),
    );
    const start = begun ?? destroyed;
    if (start === undefined) continue;
    const from = start.index;
    const { domid } = start.evidence;
    const after = entries.filter(({ index }) => index > from);

    const lastDead = after.findLast(({ evidence }) => hasFlag(evidence, STATE.dead));
    if (lastDead !== undefined) before(from, "hold-reference", domid);
    const zeros = after.filter(({ evidence }) => evidence.kind === "zero-entry");
    const secondZero = zeros[1];
    if (secondZero !== undefined) before(from, "defer-free", domid);

    if (begun !== undefined) {
      before(begun.index, "begin-destroy", domid);
      const ended = after.find(
        ({ index, evidence }) =>
          index < line && (isGone(evidence) || hasFlag(evidence, STATE.dead)),
      );
      before(ended?.index ?? line, "finish-destroy", domid);
    }
    if (lastDead !== undefined) {
      const isLater = (index: number): boolean => index > lastDead.index;
      const gone =
        after.find(({ index, evidence }) => isLater(index) && isGone(evidence))?.index ??
        lines.length;
      const arrival = arrivals.find(isLater) ?? gone;
      before(Math.min(arrival, gone), "drop-reference", domid);
    }
    if (secondZero !== undefined) before(secondZero.index, "free", domid);
  }
  return steps;
};
