import type { StepName } from "@xenkit/hypervisor";
import type { Violation } from "@xenkit/testkit";
import type { Act } from "./emulator.ts";
import type { Outcome } from "./hosts.ts";
import { MOST_NUMBERED } from "./numbering.ts";
import { violation } from "./properties.ts";
import type { Setting } from "./setting.ts";
import { consumerProcess, type Draft } from "./world.ts";

/** Something happens to the hypervisor. */
export const act = (setting: Setting, draft: Draft, what: Act): Outcome => {
  const way = { act: what, before: draft.way };
  const outcome = setting.hosts.take(draft.host, draft.calls, way);
  // Marks that went away: those of a drain are owed an answer.
  const fewer = draft.host.marked.length - outcome.host.marked.length;
  if (fewer > 0 && draft.consumer.request !== undefined) draft.owed += fewer;
  draft.host = outcome.host;
  draft.way = way;
  if (outcome.calls.length > 0) {
    const calls = [...draft.calls];
    for (const [process, call] of outcome.calls) calls[process] = call;
    draft.calls = calls;
  }
  if (outcome.isRepeat) breaks(draft, violation("no invention", "a unique id was given twice"));
  if (outcome.step !== undefined && SHOWN.has(outcome.step)) observe(setting, draft);
  return outcome;
};

/** The steps that change what an answer can show of a domain. */
const SHOWN = new Set<StepName>(["link", "complete-shutdown", "begin-dying", "die", "unlink"]);

/** The truth is what the hypervisor has now. */
export const observe = (setting: Setting, draft: Draft): void => {
  const truth = draft.truth.value.copy();
  breaks(draft, truth.observe(draft.host.domains));
  draft.truth = setting.truths(truth);
  forget(setting, draft);
};

/** Only the first property that is broken counts. */
export const breaks = (draft: Draft, broken: Violation | undefined): void => {
  draft.broken ??= broken;
};

/** The one act with this name. */
export const named = ({ acts }: Setting, name: string, make: () => Act): Act => {
  let found = acts.get(name);
  if (found === undefined) {
    found = make();
    acts.set(name, found);
  }
  return found;
};

/** A step of the call that a process has under way. */
export const step = (setting: Setting, draft: Draft, process: number): Outcome =>
  act(setting, draft, setting.steps[process] as Act);

/** Forgets what ended and cannot be told any more: nobody knows it, and no answer is about it. */
export const forget = (setting: Setting, draft: Draft): void => {
  const { reports, truth } = draft;
  const call = draft.calls[consumerProcess(draft)];
  const name = (((call?.id ?? -1) + 1) * MOST_NUMBERED + reports.id) * MOST_NUMBERED + truth.id;
  let rest = setting.forgotten.get(name);
  if (rest === undefined) {
    const isMentioned = (id: bigint): boolean =>
      reports.value.knows(id) || call?.domains.includes(String(id)) === true;
    rest = [
      setting.truths(truth.value.copy(isMentioned)),
      setting.reports(reports.value.copy(isMentioned)),
    ];
    setting.forgotten.set(name, rest);
  }
  [draft.truth, draft.reports] = rest;
};
