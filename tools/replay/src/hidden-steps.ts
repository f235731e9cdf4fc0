import { ERRNO, STATE } from "@xenkit/abi";
import { type Evidence, evidenceOf, isDrain, isQuestion } from "./evidence.ts";
import type { Invariant } from "./invariants.ts";
import type { Line, Operation } from "./line.ts";

/** Something that happened in the recorded host beside the recorded operations. */
type HiddenStepKind =
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

/** What happened beside the recorded operations, and which lines show when. */
export interface HiddenSteps {
  /** By index of a line: what happened before it. */
  readonly before: ReadonlyMap<number, readonly HiddenStep[]>;
  /** By index of a line: that its answer depends on when a hidden step happened, and on which rule that is held to. */
  readonly timed: ReadonlyMap<number, Invariant>;
}

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

/** Was this seen by another thread than the one that did the operations? */
export const isWatched = (line: Line | undefined): boolean => WATCHER.test(line?.note ?? "");

/**
 * Works out what must have happened beside the recorded operations for their answers to be what they are. It looks
 * at the answers only, never at the place of a line:
 *
 * - DEAD is seen after destroydomain: a reference was held over it. It is dropped where the VIRQ arrives and nothing
 *   recorded can have raised it, or else as soon as DEAD was seen last. Never, if the domain is not seen gone.
 * - DYING is seen by a watcher thread before the line of destroydomain: that had begun. It ends when the domain is
 *   first seen dead or gone, at the latest with its line.
 * - A second all-zero entry for one destroy: the free came after the first one, and after the last ENOENT between
 *   the two.
 */
export const inferHiddenSteps = (lines: readonly Line[]): HiddenSteps => {
  const steps = new Map<number, HiddenStep[]>();
  const timed = new Map<number, Invariant>();
  const before = (index: number, kind: HiddenStepKind, domid: number): void => {
    steps.set(index, [...(steps.get(index) ?? []), { kind, domid }]);
  };
  const arrivals = unexplainedArrivals(lines);
  const end = lines.length;

  for (const { entries } of livesOf(lines)) {
    const destroyed = entries.find(({ evidence }) => evidence.kind === "destroyed");
    const returned = destroyed?.index ?? end;
    const begun = entries.find(
      ({ index, evidence }) =>
        index < returned && hasFlag(evidence, STATE.dying | STATE.dead) && isWatched(lines[index]),
    );
    const start = begun ?? destroyed;
    if (start === undefined) continue;
    const { domid } = start.evidence;
    const seen = entries.filter(({ index }) => index >= start.index);

    const lastDead = seen.findLast(({ evidence }) => hasFlag(evidence, STATE.dead))?.index;
    if (lastDead !== undefined) before(start.index, "hold-reference", domid);
    const [first, second] = seen.filter(({ evidence }) => evidence.kind === "zero-entry");
    if (second !== undefined) before(start.index, "defer-free", domid);

    if (begun !== undefined) {
      before(begun.index, "begin-destroy", domid);
      const ended =
        seen.find(({ evidence }) => isGone(evidence) || hasFlag(evidence, STATE.dead))?.index ??
        end;
      before(Math.min(ended, returned), "finish-destroy", domid);
      for (const index of [begun.index, ended, returned]) {
        if (index <= returned) timed.set(index, "destroy-in-progress");
      }
    }
    if (lastDead !== undefined) {
      const gone = seen.find(({ index, evidence }) => index > lastDead && isGone(evidence));
      const arrival = arrivals.find((index) => index > lastDead) ?? end;
      const isInTime = gone === undefined || arrival < gone.index;
      before(isInTime ? arrival : lastDead + 1, "drop-reference", domid);
    }
    if (first !== undefined && second !== undefined) {
      const quiet = lines
        .slice(first.index, second.index)
        .findLastIndex((line) => isDrain(line) && (line as Operation).rc === -ERRNO.ENOENT);
      before(first.index + Math.max(quiet, 0) + 1, "free", domid);
      timed.set(second.index, "gone-again");
    }
  }
  return { before: steps, timed };
};
