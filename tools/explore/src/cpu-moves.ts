import { ERRNO } from "@xenkit/abi";
import { act, breaks, step } from "./acts.ts";
import type { Command } from "./commands.ts";
import { give, kill, RESYNC } from "./consumer-moves.ts";
import type { Act } from "./emulator.ts";
import { mayLearn, violation } from "./properties.ts";
import type { Setting } from "./setting.ts";
import type { Cpu, Draft, World } from "./world.ts";

/** A consumer starts again by itself only when it is at rest. */
export const mayBegin = ({ consumer, killed }: World, { verb }: Command): boolean => {
  if (verb === "resync") return killed === "no" && consumer.request === undefined;
  return verb !== "crash" || killed === "no";
};

/** The next step of a CPU. */
export const moveCpu = (setting: Setting, draft: Draft, cpu: number): void => {
  const { at } = draft.cpus[cpu] as Cpu;
  const command = setting.commands[cpu]?.[at] as Command;
  if (draft.calls[cpu] !== undefined) {
    stepCpu(setting, draft, cpu, command);
  } else if (command.verb === "crash") {
    goOn(draft, cpu, { at: at + 1, isMarked: false });
    kill(setting, draft);
  } else if (command.verb === "resync") {
    goOn(draft, cpu, { at: at + 1, isMarked: false });
    give(setting, draft, RESYNC);
  } else {
    const outcome = act(setting, draft, setting.begins[cpu]?.[at] as Act);
    if (outcome.answer !== undefined) endOfCall(draft, cpu, command, outcome.answer.rc);
  }
};

const goOn = (draft: Draft, cpu: number, state: Cpu): void => {
  draft.cpus = draft.cpus.with(cpu, state);
};

const stepCpu = (setting: Setting, draft: Draft, cpu: number, command: Command): void => {
  const { at, isMarked } = draft.cpus[cpu] as Cpu;
  const marks = draft.host.marked.length;
  const { step: taken, answer } = step(setting, draft, cpu);
  if (taken === "raise" && !isMarked) {
    breaks(draft, violation("mark before notice", `${command.text} raises the VIRQ unmarked`));
  }
  if (taken === "mark" || taken === "raise") goOn(draft, cpu, { at, isMarked: taken === "mark" });
  if (command.verb === "drain" && !mayDrain(draft, command)) {
    if (draft.host.marked.length < marks) {
      breaks(draft, violation("privacy", `${command.text} cleared a mark`));
    }
  }
  if (answer !== undefined) endOfCall(draft, cpu, command, answer.rc);
};

const mayDrain = ({ host }: World, { caller }: Command): boolean =>
  mayLearn(host.domains.find(({ domid }) => domid === caller));

const endOfCall = (draft: Draft, cpu: number, command: Command, rc: number): void => {
  const { at } = draft.cpus[cpu] as Cpu;
  goOn(draft, cpu, { at: rc === -ERRNO.ERESTART ? at : at + 1, isMarked: false });
  const asks = command.verb === "drain" || command.verb === "query";
  if (asks && rc === 0 && !mayDrain(draft, command)) {
    breaks(draft, violation("privacy", `${command.text} was answered`));
  }
  // The consumer runs in dom0: nobody else drains what dom0 handles.
  if (command.verb === "drain" && rc === 0 && command.caller !== 0) {
    breaks(draft, violation("privacy", `${command.text} took a mark from dom0`));
  }
};
