import type { HypervisorOptions, StepName } from "@xenkit/hypervisor";
import { type Act, type CallText, type Effect, Emulator, type View } from "./emulator.ts";
import { MOST_NUMBERED } from "./numbering.ts";

/** The hypervisor at one moment, but the calls under way. Equal states are one object. */
export interface HostState extends View {
  readonly id: number;
  /** Where acts lead that were tried already. */
  readonly outcomes: Map<Act | number | string, Outcome>;
}

/** A call under way. Equal states are one object. */
export interface CallState extends CallText {
  readonly id: number;
}

/** The calls under way, by process. */
export type Calls = readonly (CallState | undefined)[];

/** The acts that led somewhere, the last one first. */
export interface Way {
  readonly act: Act;
  readonly before: Way | undefined;
}

/** Where an act leads from one host and its calls. */
export interface Outcome extends Effect {
  readonly host: HostState;
  /** The process that acted, and what its call is now. */
  readonly calls: readonly (readonly [process: number, call: CallState | undefined])[];
}

/**
 * The states of a hypervisor, and where acts lead from them.
 *
 * An act depends on the hypervisor and on the call that is under way, and changes nothing else: so
 * what it does is found out once for each pair of these, on a real hypervisor that is brought there.
 */
export class Hosts {
  readonly #options: HypervisorOptions;
  readonly #hosts = new Map<string, HostState>();
  readonly #calls = new Map<string, CallState>();

  readonly #kept = new Map<Way, Emulator>();

  constructor(options: HypervisorOptions) {
    this.#options = options;
  }

  start(): HostState {
    return this.#stateOf(new Emulator(this.#options));
  }

  /** A real hypervisor to which all this happened. */
  emulator(way: Way | undefined): Emulator {
    const acts: Act[] = [];
    for (let at = way; at !== undefined; at = at.before) acts.push(at.act);
    const emulator = new Emulator(this.#options);
    for (const act of acts.reverse()) emulator.take(act);
    return emulator;
  }

  /** @param way - Ends with the act that is taken. */
  take(host: HostState, calls: Calls, way: Way): Outcome {
    const { act, before } = way;
    const name = nameOf(calls, act);
    const known = host.outcomes.get(name);
    if (known !== undefined) return known;
    const kept = before && this.#kept.get(before);
    const emulator = kept ?? this.emulator(before);
    const effect = emulator.take(act);
    this.#keep(way, emulator);
    const changed = "process" in act ? [act.process, ...othersOf(calls, act.process)] : [];
    const outcome = {
      ...effect,
      host: this.#stateOf(emulator),
      calls: changed.map((process) => [process, this.#callOf(emulator, process)] as const),
    };
    host.outcomes.set(name, outcome);
    return outcome;
  }

  /** Some hypervisors are gone on with, so that they need not be made again. */
  #keep(way: Way, emulator: Emulator): void {
    const { before } = way;
    if (before !== undefined) this.#kept.delete(before);
    this.#kept.set(way, emulator);
    if (this.#kept.size <= MOST_KEPT) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  #stateOf(emulator: Emulator): HostState {
    const view = emulator.look();
    let state = this.#hosts.get(view.text);
    if (state === undefined) {
      state = { ...view, id: this.#hosts.size, outcomes: new Map() };
      this.#hosts.set(view.text, state);
    }
    return state;
  }

  #callOf(emulator: Emulator, process: number): CallState | undefined {
    const found = emulator.callText(process);
    if (found === undefined) return undefined;
    let state = this.#calls.get(found.text);
    if (state === undefined) {
      if (this.#calls.size + 1 === MOST_NUMBERED) throw new Error("too many states of calls");
      state = { ...found, id: this.#calls.size };
      this.#calls.set(found.text, state);
    }
    return state;
  }
}

/** Acts that are no steps are one object each; a step is told by its call, and what else it may change. */
const nameOf = (calls: Calls, act: Act): Act | number | string => {
  if (act.kind !== "step") return act;
  const { process } = act;
  const call = calls[process];
  if (call === undefined) throw new Error(`process ${process} has no call under way`);
  if (!changesOthers(call)) return call.id * MOST_PROCESSES + process;
  const others = othersOf(calls, process).map((other) => `${other} ${calls[other]?.id}`);
  return `${process} ${call.id} ${others.join()}`;
};

const MOST_PROCESSES = 8;
const MOST_KEPT = 2_000;

/** Steps that do not change the domain that they are about. */
const HARMLESS = new Set<StepName>(["link", "mark", "answer"]);

/** A domain that cannot be found by its domid, or not from now on, is part of the calls that refer to it. */
const changesOthers = ({ next, isLost }: CallState): boolean =>
  next === "unlink" || (isLost && !HARMLESS.has(next));

/** The processes whose calls the next step of another may change. */
const othersOf = (calls: Calls, process: number): readonly number[] => {
  const call = calls[process];
  if (call === undefined || !changesOthers(call)) return [];
  const isAffected = (other: CallState | undefined): boolean =>
    other?.domains.some((domain) => call.domains.includes(domain)) === true;
  return [...calls.keys()].filter((other) => other !== process && isAffected(calls[other]));
};
