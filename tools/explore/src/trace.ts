import type { Failure } from "@xenkit/testkit";
import { movesOf, type Program, systemOf, type World } from "./world.ts";

/** What the consumer said in a move, if anything. */
const toldBy = (world: World, before: World["consumer"]["state"]): string => {
  const { state } = world.consumer;
  if (state === before || state.told.length === 0) return "";
  const said = state.told.map(({ kind, domain }) => `${kind} ${domain.domid}#${domain.uniqueId}`);
  return ` → ${said.join(", ")}`;
};

/**
 * A run in lines: one for each row of steps that one process makes alone, in the order of time.
 *
 * @param path - The moves, as a failure has them.
 */
export const traceOf = (program: Program, path: readonly number[]): readonly string[] => {
  const system = systemOf(program);
  const world = system.start();
  const lines: { who: string; what: string; steps: string[] }[] = [];
  for (const number of path) {
    const move = movesOf(world).find(({ id }) => id === number);
    if (move === undefined) throw new Error(`the run has no move ${number}`);
    const state = world.consumer.state;
    const bytes = world.consumer.bytes;
    system.take(world, number);
    const [what = "", step = ""] = move.what.split(": ");
    const took = describe(world, move.who, step, bytes) + toldBy(world, state);
    const last = lines.at(-1);
    if (last?.who === move.who && last.what === what) last.steps.push(took);
    else lines.push({ who: move.who, what, steps: [took] });
  }
  return lines.map(({ who, what, steps }) => {
    const shown = steps.filter((step) => step !== "" && step !== "begin");
    const list = shown.length === 0 ? "" : `: ${shown.join(", ")}`;
    return `${who.padEnd(8)} ${what}${list}`;
  });
};

/** The last step of a drain, with what it answered. */
const describe = (world: World, who: string, step: string, bytes: Uint8Array): string => {
  if (who !== "consumer" || step !== "answer" || world.consumer.call !== undefined) return step;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [domid, state] = [view.getUint16(8, true), view.getUint16(16, true)];
  return state === 0
    ? `answer ${domid} gone`
    : `answer ${domid}#${view.getBigUint64(24, true)} ${state}`;
};

/** The whole story of a failure. */
export const storyOf = (program: Program, failure: Failure): string =>
  [
    `broken: ${failure.property}`,
    `seen:   ${failure.seen}`,
    ...traceOf(program, failure.path).map((line) => `  ${line}`),
  ].join("\n");
