import { messageTypeName } from "@xenkit/xenstore-wire";
import { show } from "./compare.ts";
import type { Observation } from "./play.ts";
import type { Played, RunResult } from "./run.ts";
import type { PlannedRequest, Sequence, Step } from "./step.ts";

/** A sequence that shows a difference, line by line, with what both daemons did. */
export const renderFailure = ({ tight, steps }: Sequence, played: Played): string => {
  const { difference } = played.comparison;
  const lines = [tight ? "with small limits:" : "with default limits:"];
  for (const [index, step] of steps.entries()) {
    if (difference !== undefined && index > difference.step) break;
    lines.push(`${index}. ${renderStep(step)}`);
    const theirs = renderObservation(played.theirs[index]);
    const ours = renderObservation(played.ours[index]);
    if (theirs.join() === ours.join()) lines.push(...theirs.map((line) => `     ${line}`));
    else {
      lines.push(...theirs.map((line) => `     theirs ${line}`));
      lines.push(...ours.map((line) => `     ours   ${line}`));
    }
  }
  if (difference !== undefined) {
    const { step, place, theirs, ours } = difference;
    lines.push(`DIFFERENT in step ${step} at ${place}: theirs ${theirs}, ours ${ours}`);
  }
  return lines.join("\n");
};

const renderStep = (step: Step): string => {
  if (step.do === "hang-up") return `${step.on} hangs up`;
  if (step.do === "junk") return `${step.on} sends junk ${JSON.stringify(step.bytes)}`;
  if (step.do !== "ask") return `domain ${step.domid}: ${step.do}`;
  const split = step.splitAt === undefined ? "" : ` (${step.splitAt} bytes first)`;
  return `${step.on}${split}: ${step.requests.map(renderRequest).join("; ")}`;
};

const renderRequest = ({ type, tx, payload }: PlannedRequest): string => {
  const inTransaction = tx === 0 ? "" : ` in ${tx}`;
  return `${messageTypeName(type) ?? `type ${type}`} ${short(JSON.stringify(payload))}${inTransaction}`;
};

const short = (text: string): string =>
  text.length <= 100 ? text : `${text.slice(0, 80)}…${text.slice(-10)} (${text.length})`;

const renderObservation = (observation: Observation | undefined): string[] =>
  [...(observation?.seen ?? [])].flatMap(([place, { messages, end }]) => [
    ...messages.map((message) => `${place} ${show(message)}`),
    ...(end === "open" ? [] : [`${place} ${end}`]),
  ]);

/** What a run without a difference prints. */
export const renderResult = ({ requests, events, sequences, met }: RunResult): string => {
  const deviations = [...met].filter(([, times]) => times > 0);
  return [
    `${requests} requests and ${events} events compared in ${sequences} sequences; deviations met:`,
    ...deviations.map(([{ why }, times]) => `  ${times} × ${why}`),
  ].join("\n");
};
