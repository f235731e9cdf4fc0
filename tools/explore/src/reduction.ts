import type { StepName } from "@xenkit/hypervisor";
import type { Command } from "./commands.ts";
import type { Setting } from "./setting.ts";
import type { World } from "./world.ts";

/*
 * Partial-order reduction by persistent sets.
 *
 * Each step is described by the classes of what it does; which classes depend on each other is
 * written down once. Steps of two processes whose classes do not depend on each other commute:
 * neither makes the other impossible or possible, and both orders lead to the same world.
 *
 * From a world some processes are enough if the next steps of these depend on nothing that the
 * other processes will ever do, as far as their remaining programs can be known. Whatever the
 * others do first, a step of these stays possible, does the same and leaves them what they would
 * have found: each run can be rearranged to begin with it, and ends in the same world. A run without
 * an end stays one, with such a step put before it or moved to its beginning.
 *
 * A property that is broken on the way is part of the world ("what is broken stays broken"), and so
 * of the end. Two checks look at what others change, and depend on the order all the same; taking
 * the consumer's step first is the stricter order for both, and the other order is never taken
 * alone: "it has not happened" (what is told may have become true since), and "more hypercalls than
 * changes" (marks add to the allowance).
 *
 * The tests compare all ends and failures of small programs with the full search.
 */

/** Domids from 1 to this. */
const DOMIDS = 3;

let classes = 0;
const newClass = (): number => {
  classes += 1;
  return 2 ** (classes - 1);
};
const newClasses = (): readonly number[] => [0, ...Array.from({ length: DOMIDS }, newClass)];

/** By domid: acts on the domain, or asks whether it is there, as only CPUs do. */
const ON = newClasses();
/** By domid: puts the domain where it can be found, or takes it away. */
const LINK = newClasses();
const LOOK_UP = newClasses();
/** By domid: changes what an answer shows. */
const CHANGE = newClasses();
const READ = newClasses();
const MARK = newClasses();
/** By domid: takes its mark, or finds that it has none. */
const TAKE = newClasses();
/** Sets the pending bit. */
const RAISE = newClass();
/** Clears it, or finds out whether it is set. */
const CLEAR = newClass();
/** Asks who handles the VIRQ. */
const ASK = newClass();
/** Binds or closes the port, or moves the handler. */
const HANDLE = newClass();
/** Begins or ends the recording of changes. */
const RECORD = newClass();
/** The consumer makes a request, or gets an event. */
const PROGRESS = newClass();
/** The consumer is killed, or starts again. */
const KILL = newClass();

const union = (all: readonly number[]): number => all.reduce((some, one) => some | one, 0);

/** By class: those that depend on it. */
const DEPENDENT = new Map<number, number>();
const depend = (one: number, other: number): void => {
  DEPENDENT.set(one, (DEPENDENT.get(one) ?? 0) | other);
  DEPENDENT.set(other, (DEPENDENT.get(other) ?? 0) | one);
};
for (let domid = 1; domid <= DOMIDS; domid += 1) {
  const of = (all: readonly number[]): number => all[domid] as number;
  depend(of(ON), of(ON));
  depend(of(LINK), of(LOOK_UP));
  depend(of(LINK), RECORD);
  depend(of(CHANGE), of(READ));
  depend(of(MARK), of(TAKE));
  depend(of(MARK), RECORD);
  depend(of(TAKE), of(TAKE));
  depend(of(TAKE), RECORD);
}
depend(RECORD, RECORD);
depend(RAISE, CLEAR);
depend(RAISE, HANDLE);
depend(CLEAR, HANDLE);
depend(ASK, HANDLE);
depend(HANDLE, HANDLE);
depend(PROGRESS, KILL);
depend(KILL, KILL);

const ALL_LOOK_UPS = union(LOOK_UP) | union(READ);
const ALL_TAKES = union(TAKE);
/** By the lowest mark: the takes of all domids up to it. */
const TAKES_TO = TAKE.map((_, lowest) => union(TAKE.slice(0, lowest + 1)));
const DRAINING = ALL_LOOK_UPS | ALL_TAKES | ASK | CLEAR | PROGRESS;
const RESTARTING = DRAINING | RECORD | HANDLE;

const dependents = new Map<number, number>();

/** What depends on one of these. */
const dependentOn = (set: number): number => {
  let dependent = dependents.get(set);
  if (dependent === undefined) {
    dependent = 0;
    for (let rest = set; rest !== 0; rest &= rest - 1)
      dependent |= DEPENDENT.get(rest & -rest) ?? 0;
    dependents.set(set, dependent);
  }
  return dependent;
};

const NOTICE = ["mark", "raise"] as const;
/** The steps of the operations, in their order; a VIRQ before its mark breaks a property at once. */
const STEPS: Readonly<Record<string, readonly (StepName | "begin")[]>> = {
  create: ["begin", "link", "mark"],
  shutdown: ["begin", "begin-shutdown", "complete-shutdown", ...NOTICE],
  resume: ["begin"],
  destroy: [
    "begin",
    "begin-dying",
    "give-up-virqs",
    "tear-down",
    "die",
    ...NOTICE,
    "unlink",
    "free-domid",
    ...NOTICE,
  ],
  "set-handler": ["begin"],
  bind: ["begin", "start-recording", "take-port"],
  drain: ["begin", "take-mark", "look-up", "answer"],
  query: ["begin"],
  crash: ["begin"],
  resync: ["begin"],
};

const classOf = (all: readonly number[], domid: number): number => {
  const found = all[domid];
  if (found === undefined) throw new Error(`domid ${domid} is not from 0 to ${DOMIDS}`);
  return found;
};

/** What a step of a command does. */
const stepClasses = ({ verb, domid, caller }: Command, step: string): number => {
  const about = domid < 0 ? 0 : domid;
  switch (step) {
    case "begin":
      return beginClasses(verb, about) | classOf(ON, caller);
    case "link":
    case "unlink":
      return classOf(ON, about) | classOf(LINK, about);
    case "complete-shutdown":
    case "begin-dying":
    case "die":
      return classOf(ON, about) | classOf(CHANGE, about);
    case "mark":
      return classOf(MARK, about);
    case "raise":
      return RAISE;
    case "give-up-virqs":
      return HANDLE;
    case "start-recording":
    case "take-port":
    case "stop-recording":
    case "close-port":
      return RECORD | HANDLE | ALL_TAKES;
    case "take-mark":
    case "look-up":
    case "answer":
      return ALL_LOOK_UPS | ALL_TAKES | ASK;
    default:
      return classOf(ON, about);
  }
};

const beginClasses = (verb: string, domid: number): number => {
  switch (verb) {
    case "crash":
    case "resync":
      return KILL;
    case "bind":
      return HANDLE;
    case "set-handler":
      return HANDLE | classOf(ON, domid);
    case "query":
      return classOf(LOOK_UP, domid) | classOf(READ, domid);
    case "resume":
      return classOf(ON, domid) | classOf(CHANGE, domid);
    case "drain":
      return 0;
    default:
      return classOf(ON, domid);
  }
};

/** What a command does from a step on. */
const futureOf = (command: Command, step: string): number => {
  // A guest's drain is refused at its entry: else a property is broken there and then.
  const isRefused = command.verb === "drain" && command.caller !== 0;
  const names = isRefused ? (["begin"] as const) : (STEPS[command.verb] ?? []);
  // Another step comes from what the domain holds: then all others may still come.
  const at = Math.max(0, names.indexOf(step as StepName));
  return union(names.slice(at).map((name) => stepClasses(command, name)));
};

/** What a process does. */
export interface Doings {
  /** In its next step, if it can take one now. */
  readonly next: number;
  /** From now on. */
  readonly future: number;
}

const NOTHING: Doings = { next: 0, future: 0 };

const cpuDoings = (setting: Setting, world: World, cpu: number): Doings => {
  const commands = setting.commands[cpu] ?? [];
  const at = world.cpus[cpu]?.at ?? 0;
  const command = commands[at];
  if (command === undefined) return NOTHING;
  const step = world.calls[cpu]?.next ?? "begin";
  const known = setting.doings.get(command)?.get(step);
  if (known !== undefined) return known;
  // A destroy that is to be continued begins again.
  const again = (setting.program.hypervisor?.teardownSteps ?? 0) > 0 ? "begin" : step;
  const later = commands.slice(at + 1).map((one) => futureOf(one, "begin"));
  // What a domain holds may be the VIRQ.
  const held = command.verb === "destroy" || later.length > 0 ? heldOf(setting) : 0;
  const future = futureOf(command, again) | union(later) | held;
  const next = stepClasses(command, step) | (step === "begin-dying" ? heldOf(setting) : 0);
  const doings = { next, future };
  const bySteps = setting.doings.get(command) ?? new Map<string, Doings>();
  setting.doings.set(command, bySteps.set(step, doings));
  return doings;
};

/** What becomes of the VIRQ with its handler, if that can be another than dom0. */
const heldOf = ({ commands }: Setting): number =>
  commands.flat().some(({ verb }) => verb === "set-handler") ? HANDLE | RECORD | ALL_TAKES : 0;

const consumerDoings = (world: World, mayRestart: boolean): Doings => {
  const { consumer, host, killed } = world;
  let next = 0;
  if (killed !== "no" || consumer.request !== undefined) {
    next |= consumerNext(world);
    // An event that another raises could come before or after.
    if (host.virqPort?.isMasked === false && !host.isEventWaiting) next |= CLEAR;
  }
  if (host.isEventWaiting) {
    next |= PROGRESS | (host.virqPort?.isPending === true ? 0 : CLEAR);
  }
  const { request } = consumer;
  const starts = request?.name === "bind" || request?.name === "close" || consumer.port === 0;
  return { next, future: mayRestart || killed !== "no" || starts ? RESTARTING : DRAINING };
};

const consumerNext = (world: World): number => {
  const { consumer, host, killed } = world;
  const call = world.calls[world.cpus.length];
  if (call === undefined) {
    if (killed !== "no") return HANDLE | PROGRESS;
    switch (consumer.request?.name) {
      case "poll":
      case "unmask":
        // Whether the VIRQ is raised before or after: then it is pending and not masked.
        return PROGRESS;
      case "clear-pending":
        return CLEAR | PROGRESS;
      default:
        return RESTARTING;
    }
  }
  const domid = Math.max(0, call.domid);
  // That it was killed makes no difference to a call: its answer is lost, before or after.
  switch (call.next) {
    case "take-mark":
    case "find-mark":
      // The lowest one is taken: a mark above it makes no difference, if it looks from 0 on.
      return ASK | (TAKES_TO[domid > 0 ? DOMIDS : (host.marked[0] ?? DOMIDS)] as number);
    case "look-up":
      return classOf(LOOK_UP, domid);
    case "clear-mark":
      return classOf(TAKE, domid);
    case "answer":
      return call.domains.length === 0 ? 0 : classOf(READ, domid);
    default:
      return RESTARTING;
  }
};

const WAKES = RAISE | KILL;

/** A persistent set of the moves: those of the processes that are enough, and as few as can be. */
export const enoughOf = (
  setting: Setting,
  world: World,
  moves: readonly number[],
): readonly number[] => {
  if (moves.length === 1) return moves;
  const consumer = world.cpus.length;
  let future = 0;
  const doings: Doings[] = [];
  for (let cpu = 0; cpu < consumer; cpu += 1) {
    const one = cpuDoings(setting, world, cpu);
    future |= one.future;
    doings.push(one);
  }
  doings.push(consumerDoings(world, (future & KILL) !== 0));
  let able = 0;
  for (const move of moves) able |= 1 << Math.min(move, consumer);
  let best = able;
  for (let first = 0; first <= consumer; first += 1) {
    if ((able & (1 << first)) === 0) continue;
    const found = closureOf(doings, able, first);
    if (found !== undefined && countOf(found) < countOf(best)) best = found;
  }
  return best === able ? moves : moves.filter((move) => best & (1 << Math.min(move, consumer)));
};

/**
 * @param able - The processes that can move, as bits.
 * @returns The fewest processes that are enough, with the first one; undefined if there are none.
 */
const closureOf = (doings: readonly Doings[], able: number, first: number): number | undefined => {
  const consumer = doings.length - 1;
  let found = 1 << first;
  let dependent = dependentOn((doings[first] as Doings).next);
  for (let again = true; again; ) {
    again = false;
    let others = 0;
    for (let one = 0; one < consumer; one += 1) {
      if ((found & (1 << one)) === 0) others |= (doings[one] as Doings).future;
    }
    for (let one = 0; one <= consumer; one += 1) {
      const { next, future } = doings[one] as Doings;
      if ((found & (1 << one)) !== 0 || (future & dependent) === 0) continue;
      if ((able & (1 << one)) === 0) {
        // A consumer at rest does nothing unless somebody else wakes it.
        if (one === consumer && (others & WAKES) === 0) continue;
        return undefined;
      }
      found |= 1 << one;
      dependent |= dependentOn(next);
      again = true;
    }
  }
  return found;
};

const countOf = (set: number): number => {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count += 1;
  return count;
};
