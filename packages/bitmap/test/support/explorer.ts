import type { AtomicMemory } from "@xenkit/bitmap";
import { type System, search } from "@xenkit/testkit";

/** One operation of a thread. It may do nothing but use this memory. */
export type Operation = (memory: AtomicMemory) => number;

/** What a thread does, one operation after the other. */
export type Thread = readonly Operation[];

export interface Exploration {
  readonly threads: readonly Thread[];
  /** What has been done before the threads start; its results come after those of the threads. */
  readonly done?: Thread;
  /** Called before each operation with the results so far, by thread: what the result must obey. */
  readonly before?: (results: readonly (readonly number[])[], thread: number) => string;
  /** Called after each operation with what `before` said. Throws when the result may not be. */
  readonly after?: (told: string, thread: number, result: number) => void;
  /** Called at each end, all threads at rest. Throws when bits were lost. */
  readonly atRest: (memory: AtomicMemory, results: readonly (readonly number[])[]) => void;
  /** Whether a plain read may be stale; else it reads the present value. */
  readonly plainReads: "stale" | "fresh";
}

/** The atomic step that a thread is about to make. */
type Access = "peek" | "load" | "or" | "and" | "add";

interface Step {
  readonly access: Access;
  readonly cell: number;
  readonly operand: number;
}

/** Thrown out of an operation when it asks for a step that has no result yet. */
class Pause {
  readonly step: Step;

  constructor(step: Step) {
    this.step = step;
  }
}

interface ThreadState {
  readonly results: readonly number[];
  /** What the steps of the operation that is under way have returned. */
  readonly answers: readonly number[];
  readonly told: string;
  /** By cell: the oldest value in its history that a plain read may still return. */
  readonly seen: Readonly<Record<number, number>>;
}

interface State {
  /** By cell: all its values, the oldest first. */
  readonly history: Readonly<Record<number, readonly number[]>>;
  readonly threads: readonly ThreadState[];
}

/** So that a scenario which is too large says so. */
const MAX_STATES = 100_000;

const NO_BUFFER = new SharedArrayBuffer(0);

/**
 * Memory that answers what was answered before, then pauses: so an ordinary function can be
 * stopped between any two of its steps, and be run again up to there.
 */
const replaying = (answers: readonly number[]): AtomicMemory => {
  let next = 0;
  const step = (access: Access, cell: number, operand: number): number => {
    const answer = answers[next];
    next += 1;
    if (answer === undefined) throw new Pause({ access, cell, operand });
    return answer;
  };
  return {
    buffer: NO_BUFFER,
    peek: (cell) => step("peek", cell, 0),
    load: (cell) => step("load", cell, 0),
    or: (cell, bits) => step("or", cell, bits),
    and: (cell, bits) => step("and", cell, bits),
    add: (cell, difference) => step("add", cell, difference),
  };
};

const latest = (state: State, cell: number): number => state.history[cell]?.at(-1) ?? 0;

const afterStep = (step: Step, value: number): number => {
  switch (step.access) {
    case "or":
      return value | step.operand;
    case "and":
      return value & step.operand;
    case "add":
      return (value + step.operand) | 0;
    default:
      return value;
  }
};

/** The states after a step of a thread: several when a plain read may return several values. */
const take = (state: State, index: number, step: Step, plainReads: "stale" | "fresh"): State[] => {
  const thread = state.threads[index] as ThreadState;
  const values = state.history[step.cell] ?? [0];
  const last = values.length - 1;
  const stale = plainReads === "stale";
  const withThread = (answer: number, seen: number, history = state.history): State => ({
    history,
    threads: state.threads.with(index, {
      ...thread,
      answers: [...thread.answers, answer],
      seen: stale ? { ...thread.seen, [step.cell]: seen } : thread.seen,
    }),
  });
  if (step.access === "peek") {
    const oldest = stale ? (thread.seen[step.cell] ?? 0) : last;
    return values.slice(oldest).map((value, offset) => withThread(value, oldest + offset));
  }
  const value = values[last] as number;
  const changed = afterStep(step, value);
  if (changed === value) return [withThread(value, last)];
  const after = stale && step.access !== "add" ? [...values, changed] : [changed];
  const history = { ...state.history, [step.cell]: after };
  // What `add` returns is not looked at: the same answer for all keeps states alike.
  return [withThread(step.access === "add" ? 0 : value, after.length - 1, history)];
};

/** Values that no thread can see any more do not tell states apart. */
const keyOf = (state: State): string => {
  const cells = Object.entries(state.history).map(([cell, values]) => {
    const seen = state.threads.map((thread) => thread.seen[Number(cell)] ?? 0);
    const oldest = Math.min(...seen);
    return [cell, values.slice(oldest), seen.map((one) => one - oldest)];
  });
  const threads = state.threads.map(({ results, answers, told }) => [results, answers, told]);
  return JSON.stringify([cells, threads]);
};

/** Memory with the values of a state, for one thread alone. */
const memoryOf = (state: State, cells = new Map<number, number>()): AtomicMemory => {
  const change = (cell: number, to: (value: number) => number): number => {
    const value = cells.get(cell) ?? latest(state, cell);
    cells.set(cell, to(value));
    return value;
  };
  return {
    buffer: NO_BUFFER,
    peek: (cell) => change(cell, (value) => value),
    load: (cell) => change(cell, (value) => value),
    or: (cell, bits) => change(cell, (value) => value | bits),
    and: (cell, bits) => change(cell, (value) => value & bits),
    add: (cell, difference) => change(cell, (value) => (value + difference) | 0),
  };
};

/**
 * Runs the threads in every order of their atomic steps that can be told apart.
 *
 * The search is the one of tools/explore. The operations are the production code itself: after each step it is run again from its start,
 * with the answers that it had. States that were met before are not explored again.
 *
 * @returns How many states there were, and how many ends.
 */
export const explore = (what: Exploration): { readonly states: number; readonly ends: number } => {
  const tell = (threads: readonly ThreadState[], index: number): string =>
    what.before?.(
      threads.map((thread) => thread.results),
      index,
    ) ?? "";
  const idle: ThreadState = { results: [], answers: [], told: "", seen: {} };
  const cells = new Map<number, number>();
  const empty: State = { history: {}, threads: [] };
  const done = (what.done ?? []).map((operation) => operation(memoryOf(empty, cells)));
  const start: State = {
    history: Object.fromEntries([...cells].map(([cell, value]) => [cell, [value]])),
    threads: [...what.threads.map(() => idle), { ...idle, results: done }],
  };
  const nexts = new WeakMap<State, readonly State[]>();
  const nextsFrom = (state: State): readonly State[] => {
    const found = nexts.get(state) ?? nextsOf(what, state, tell);
    nexts.set(state, found);
    return found;
  };
  const system: System<State> = {
    start: () => start,
    moves: (state) => [...nextsFrom(state).keys()],
    take: (state, move) => nextsFrom(state)[move] as State,
    key: keyOf,
    broken: (state, isEnd) => {
      if (isEnd) {
        what.atRest(
          memoryOf(state),
          state.threads.map((thread) => thread.results),
        );
      }
      return undefined;
    },
    endKey: keyOf,
  };
  const { states, ends } = search(system, { maxStates: MAX_STATES });
  return { states, ends: ends.size };
};

/** What each thread can do next: one state for each value that its step may return. */
const nextsOf = (
  what: Exploration,
  state: State,
  tell: (threads: readonly ThreadState[], index: number) => string,
): State[] => {
  const { threads } = state;
  return [...threads.entries()].flatMap(([index, thread]) => {
    const operation = what.threads[index]?.[thread.results.length];
    if (operation === undefined) return [];
    // The rule for an operation is made when its first step is, not when the last one ended.
    const told = thread.answers.length === 0 ? tell(threads, index) : thread.told;
    const begun: State = { ...state, threads: threads.with(index, { ...thread, told }) };
    const paused = stepOf(operation, thread.answers);
    if (typeof paused === "number") throw new Error("an operation without a step");
    return take(begun, index, paused, what.plainReads).map((next) =>
      finished(what, operation, withoutAdds(what, operation, next, index), index),
    );
  });
};

/** The next step of an operation, or its result when it has no further one. */
const stepOf = (operation: Operation, answers: readonly number[]): Step | number => {
  try {
    return operation(replaying(answers));
  } catch (stopped) {
    if (stopped instanceof Pause) return stopped.step;
    throw stopped;
  }
};

/**
 * Makes the additions that come next at once: nobody reads a sum before all are at rest, and
 * additions commute, so that no order of theirs can be told from another.
 */
const withoutAdds = (what: Exploration, run: Operation, state: State, index: number): State => {
  const paused = stepOf(run, (state.threads[index] as ThreadState).answers);
  if (typeof paused === "number" || paused.access !== "add") return state;
  return take(state, index, paused, what.plainReads)[0] as State;
};

/** An operation ends with its last step: what follows is no step of its own. */
const finished = (what: Exploration, operation: Operation, state: State, index: number): State => {
  const thread = state.threads[index] as ThreadState;
  const result = stepOf(operation, thread.answers);
  if (typeof result !== "number") return state;
  what.after?.(thread.told, index, result);
  const results = [...thread.results, result];
  return { ...state, threads: state.threads.with(index, { ...thread, results, answers: [] }) };
};
