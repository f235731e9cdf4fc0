import { ERRNO, evtchnClose, readState, STATE } from "@xenkit/abi";
import { compareBytes, compareValues, hex, type Mismatch } from "./difference.ts";
import { evidenceOf, isDomctl, isDrain, readUniqueId } from "./evidence.ts";
import { factOf } from "./facts.ts";
import { isWatched } from "./hidden-steps.ts";
import type { Invariant } from "./invariants.ts";
import type { CountEvent, Line, NoteEvent, Operation, PatternEvent, VirqEvent } from "./line.ts";
import { isPossiblePattern } from "./possible-pattern.ts";
import type { Outcome, RecordedHost } from "./recorded-host.ts";
import type { Samples } from "./samples.ts";
import { selfCheck } from "./self-check.ts";
import { stepsBetween } from "./unique-id-chain.ts";

/** A line's verdict: what differs, and the invariant it was held to, if not to its exact bytes. */
export interface Verdict {
  readonly mismatches: readonly Mismatch[];
  readonly invariant?: Invariant | undefined;
}

/** Where `state` is in a get_domain_state. */
const STATE_AT = 16;

/** The most creations beside the recorded operations that an id is looked for behind. */
const UNRECORDED_LIMIT = 1 << 17;

/** Everything that is carried from line to line. */
export interface Run {
  readonly host: RecordedHost;
  readonly samples: Samples;
  /** Who makes the calls of a scenario's domU: its domain that was started last. */
  readonly started: Map<string, number>;
  /** By VIRQ: the port that dom0 bound it to last. */
  readonly ports: Map<number, number>;
  /** The last id of the chain that is known to be used. */
  lastId: bigint;
  /** Scenarios whose operations are not recorded, only what they led to. */
  readonly unrecorded: ReadonlySet<string>;
  /** Incarnations shown to be lost, by scenario. */
  readonly lost: Map<string, number>;
  previous: Line | undefined;
}

const callerOf = (run: Run, line: Operation): number => {
  const number = /^dom(\d+)$/.exec(line.caller);
  if (number !== null) return Number(number[1]);
  // None started: a domid that no domain has, so that every answer differs.
  return run.started.get(line.scenario) ?? 0x7fff;
};

const compareOutcome = (line: Operation, outcome: Outcome): readonly Mismatch[] => {
  const rc = compareValues("rc", line.rc, outcome.rc);
  const { output } = line;
  if (output === undefined || outcome.bytes === undefined) return rc;
  return [...rc, ...compareBytes(output, outcome.bytes)];
};

/** Is the recorded answer about a domain that an unrecorded operation made? Then it is held to the chain of ids. */
const isUnrecordedDomain = (run: Run, line: Operation, outcome: Outcome): boolean => {
  if (!run.unrecorded.has(line.scenario) || outcome.rc !== -ERRNO.ESRCH || line.rc !== 0) {
    return false;
  }
  if (!isDomctl(line) || isDrain(line) || evidenceOf(line)?.kind !== "seen") return false;
  // All that an answer may change, changed in the request, must give the recorded answer.
  const rebuilt = line.input.slice();
  rebuilt.set(line.output.subarray(8, 10), 8);
  rebuilt.set(line.output.subarray(16, 32), 16);
  if (compareBytes(line.output, rebuilt).length > 0) return false;
  const id = readUniqueId(line.output);
  if (stepsBetween(run.lastId, id, UNRECORDED_LIMIT) === undefined) return false;
  run.lastId = id;
  run.lost.set(line.scenario, (run.lost.get(line.scenario) ?? 0) + 1);
  return true;
};

/** Did a watcher thread see DYING and DEAD together, where the emulator has one of the two? All else must be equal. */
const isTornRead = (line: Operation, { rc, bytes }: Outcome): boolean => {
  const both = STATE.dying | STATE.dead;
  if (!isWatched(line) || !isDomctl(line) || rc !== line.rc || bytes === undefined) return false;
  if (evidenceOf(line)?.kind !== "seen" || (readState(line.output) & both) !== both) return false;
  const settled = line.output.slice();
  settled[STATE_AT] = readState(line.output) ^ (both & ~readState(bytes));
  return (readState(bytes) & both) !== 0 && compareBytes(settled, bytes).length === 0;
};

const judgeOperation = (run: Run, line: Operation): Verdict => {
  const evidence = evidenceOf(line);
  const finished =
    evidence?.kind === "destroyed" ? run.host.takeFinishedDestroy(evidence.domid) : undefined;
  const outcome: Outcome =
    finished === undefined
      ? run.samples.operate(line, callerOf(run, line))
      : { rc: finished, bytes: line.input };
  if (evidence?.kind === "started") run.started.set(line.scenario, evidence.domid);
  if (line.call.kind === "bind-virq" && outcome.rc > 0) run.ports.set(line.virq ?? 0, outcome.rc);
  const mismatches = compareOutcome(line, outcome);
  if (mismatches.length > 0 && isUnrecordedDomain(run, line, outcome)) {
    return { mismatches: selfCheck(line), invariant: "unrecorded-domain" };
  }
  if (evidence?.kind === "created") {
    run.lastId = run.host.hypervisor.domain(evidence.domid)?.uniqueId ?? run.lastId;
  }
  if (mismatches.length > 0 && isTornRead(line, outcome)) {
    return { mismatches: selfCheck(line), invariant: "torn-read" };
  }
  return { mismatches: [...mismatches, ...selfCheck(line)] };
};

const judgeVirq = (run: Run, line: VirqEvent): Verdict => {
  const bound = run.ports.get(line.virq) ?? 0;
  const fired = run.host.takePending(bound);
  const port = fired ? bound : 0;
  const read = fired ? hex(evtchnClose.encode({ port })) : "";
  return {
    mismatches: [
      ...compareValues("fired", line.fired, fired),
      ...compareValues("port", line.port, port),
      ...compareValues("read", line.read, read),
      // They may coalesce: that there were any is the fact.
      ...compareValues("deliveries > 0", line.deliveries > 0, fired),
    ],
  };
};

const judgePattern = (line: PatternEvent): Verdict => ({
  mismatches: [
    ...compareValues("a possible sequence of states", true, isPossiblePattern(line.states)),
    ...compareValues("domains > 0", true, line.domains > 0),
  ],
  invariant: "possible-pattern",
});

const judgeCount = (run: Run, line: CountEvent): Verdict => {
  const incarnations = line.reported + line.late + line.lost;
  return {
    mismatches: [
      ...compareValues("lost", line.lost, run.lost.get(line.scenario) ?? 0),
      ...compareValues("zero_entries ≤ 2 each", true, line.zeroEntries <= 2 * incarnations),
    ],
    invariant: "lost-incarnations",
  };
};

const judgeNote = (run: Run, line: NoteEvent): Verdict | undefined => {
  const fact = factOf(line.note);
  switch (fact?.kind) {
    case undefined:
      return undefined;
    case "bulk-begins":
      run.samples.beginBulk();
      return undefined;
    case "bulk-ends": {
      const { created, failed } = run.samples.endBulk();
      return {
        mismatches: [
          ...compareValues("domains created", fact.created, created),
          ...compareValues("failed attempts", fact.failed, failed),
        ],
      };
    }
    case "long-drain": {
      const { entries, notAscending, nonZero } = run.samples.drained();
      return {
        mismatches: [
          ...compareValues("entries", fact.entries, entries),
          ...compareValues("not ascending", fact.notAscending, notAscending),
          ...compareValues("with a non-zero state", fact.nonZero, nonZero),
        ],
      };
    }
    case "retried": {
      const { previous } = run;
      const made = previous !== undefined && evidenceOf(previous)?.kind === "created";
      return {
        mismatches: compareValues("a creation before", true, made),
        invariant: "create-retried",
      };
    }
  }
};

/** Makes a line's call on the emulator and compares the answer; undefined for a line without anything to compare. */
export const judge = (run: Run, line: Line): Verdict | undefined => {
  switch (line.kind) {
    case "operation":
      return judgeOperation(run, line);
    case "virq":
      return judgeVirq(run, line);
    case "pattern":
      return judgePattern(line);
    case "count":
      return judgeCount(run, line);
    case "note":
      return judgeNote(run, line);
    case "start":
    case "silent":
      return undefined;
  }
};
