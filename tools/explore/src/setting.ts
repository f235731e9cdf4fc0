import type { Violation } from "@xenkit/testkit";
import { type Command, hypercallOf, parseCommand } from "./commands.ts";
import { type ConsumerState, consumerStates } from "./consumer.ts";
import { CONSUMERS, type ConsumerName } from "./consumers.ts";
import { type Act, beginAct, type NamedHypercall } from "./emulator.ts";
import { Hosts } from "./hosts.ts";
import { type Numbered, numbering } from "./numbering.ts";
import type { Program } from "./program.ts";
import type { Reports, Truth } from "./properties.ts";
import type { Doings } from "./reduction.ts";

/** What all worlds of a program share. */
export interface Setting {
  readonly program: Program;
  readonly commands: readonly (readonly Command[])[];
  readonly hosts: Hosts;
  /** The consumer before its start. */
  readonly fresh: ConsumerState;
  readonly truths: (truth: Truth) => Numbered<Truth>;
  readonly reports: (reports: Reports) => Numbered<Reports>;
  /** By CPU and command: the beginning of its hypercall. */
  readonly begins: readonly (readonly (Act | undefined)[])[];
  /** By process: a step of its call. */
  readonly steps: readonly Act[];
  /** By its name: what the consumer or the kernel does. */
  readonly acts: Map<string, Act>;
  /** By command and step: for the reduction. */
  readonly doings: Map<Command, Map<string, Doings>>;
  /** What was found out already: what a report makes of the reports, what can be forgotten. */
  readonly heard: Map<number, readonly [Numbered<Reports>, Violation | undefined]>;
  readonly forgotten: Map<number, readonly [Numbered<Truth>, Numbered<Reports>]>;
}

/** The states of the consumers are the same in all worlds: found once. */
const initialStates = new Map<ConsumerName, ConsumerState>();
const initialState = (name: ConsumerName): ConsumerState => {
  const state = initialStates.get(name) ?? consumerStates(CONSUMERS[name]);
  initialStates.set(name, state);
  return state;
};

/** Parses a program. @throws Error for a command that there is not. */
export const settingOf = (program: Program): Setting => {
  const commands = program.cpus.map((texts) => texts.map(parseCommand));
  return {
    program,
    commands,
    begins: commands.map((list, cpu) =>
      list.map((command) =>
        command.verb === "crash" || command.verb === "resync" ? undefined : beginOf(cpu, command),
      ),
    ),
    steps: [...commands, []].map((_, process) => ({ kind: "step", process })),
    acts: new Map(),
    doings: new Map(),
    heard: new Map(),
    forgotten: new Map(),
    hosts: new Hosts({ ...program.hypervisor }),
    fresh: initialState(program.consumer),
    truths: numbering(),
    reports: numbering(),
  };
};

/** The act that begins a command. */
export const beginOf = (process: number, command: Command): Act =>
  beginAct(process, namedHypercall(command));

const namedHypercall = (command: Command): NamedHypercall => ({
  ...hypercallOf(command),
  name: command.text,
  creates: command.verb === "create" ? command.domid : undefined,
});
