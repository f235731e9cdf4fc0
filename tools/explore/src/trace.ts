import type { Failure } from "@xenkit/testkit";
import type { Program } from "./program.ts";
import { systemOf } from "./system.ts";
import type { World } from "./world.ts";

/**
 * A run in lines: one for each row of steps that one process makes alone, in the order of time.
 *
 * @param path - The moves, as a failure has them.
 */
export const traceOf = (program: Program, path: readonly number[]): readonly string[] => {
  const system = systemOf(program);
  let world = system.start();
  const lines: { who: string; what: string; steps: string[] }[] = [];
  for (const move of path) {
    if (!system.moves(world).includes(move)) throw new Error(`the run has no move ${move}`);
    const { who, what, step } = system.describe(world, move);
    world = system.take(world, move);
    const took = (step === "answer" ? answerText(world) : step) + toldText(world);
    const last = lines.at(-1);
    if (last?.who === who && last.what === what) last.steps.push(took);
    else lines.push({ who, what, steps: [took] });
  }
  return lines.map(({ who, what, steps }) => {
    const shown = steps.filter((step) => step !== "" && step !== "begin");
    const list = shown.length === 0 ? "" : `: ${shown.join(", ")}`;
    return `${who.padEnd(8)} ${what}${list}`;
  });
};

/** The last step of a drain, with what it answered the consumer. */
const answerText = ({ said }: World): string => {
  const { answer } = said;
  if (answer === undefined) return "answer";
  const view = new DataView(answer.bytes.buffer, answer.bytes.byteOffset);
  const [domid, state] = [view.getUint16(8, true), view.getUint16(16, true)];
  return state === 0
    ? `answer ${domid} gone`
    : `answer ${domid}#${view.getBigUint64(24, true)} ${state}`;
};

/** What the consumer said, or will say at the end of its drain. */
const toldText = ({ said }: World): string => {
  if (said.told.length === 0) return "";
  return ` → ${said.told.map((change) => `${change.kind} ${change.domain.domid}#${idOf(change)}`).join(", ")}`;
};

const idOf = (change: World["said"]["told"][number]): bigint =>
  change.kind === "gone" ? change.previous.uniqueId : change.domain.uniqueId;

/** The whole story of a failure. */
export const storyOf = (program: Program, failure: Failure): string =>
  [
    `broken: ${failure.property}`,
    `seen:   ${failure.seen}`,
    ...traceOf(program, failure.path).map((line) => `  ${line}`),
  ].join("\n");
