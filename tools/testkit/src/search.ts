/** A property that does not hold, and how it was seen. */
export interface Violation {
  readonly property: string;
  readonly seen: string;
}

/** What can be explored: worlds, which never change, and the moves from one to another. */
export interface System<World> {
  /** The world before its first move. */
  start(): World;
  /**
   * The numbers of what can happen next, in an order that depends on the world's state only. None:
   * all is quiet.
   */
  moves(world: World): readonly number[];
  /** The world after one of these. */
  take(world: World, move: number): World;
  /** All that decides about the future: equal keys, equal futures. */
  key(world: World): string;
  /** The property that the way to here, or this end, broke. */
  broken(world: World, isEnd: boolean): Violation | undefined;
  /** What the ends of different runs are compared by. */
  endKey(world: World): string;
  /**
   * Which of the moves are enough: a persistent set. Every end that can be reached is reached
   * by beginning with one of these.
   */
  enough?(world: World, moves: readonly number[]): readonly number[];
}

/** A run that breaks a property: a shortest one. */
export interface Failure extends Violation {
  /** The numbers of the moves. */
  readonly path: readonly number[];
}

export interface Report {
  readonly states: number;
  readonly transitions: number;
  /** The number of moves of the longest of the shortest ways to a state. */
  readonly depth: number;
  /** How many different ends there are. */
  readonly ends: ReadonlySet<string>;
  /** False when a run can go on for ever. */
  readonly isBounded: boolean;
  readonly failures: readonly Failure[];
}

export interface SearchOptions {
  /** Explores a persistent set of the moves only. Default: "persistent". */
  readonly reduction?: "persistent" | "none";
  /** Stops at the first failure, or goes on with the other runs. Default: "first". */
  readonly until?: "first" | "all";
  readonly maxStates?: number;
}

/** Where these moves lead. */
export const replay = <World>(system: System<World>, path: readonly number[]): World =>
  path.reduce((world, move) => system.take(world, move), system.start());

/**
 * Explores every state that can be reached, the nearest first: so a failure is a shortest one.
 *
 * States with equal keys are one: the keys themselves are compared, not hashes of them.
 *
 * @throws Error when there are more than `maxStates` states (16,000,000).
 */
export const search = <World>(system: System<World>, options: SearchOptions = {}): Report => {
  const { reduction = "persistent", until = "first", maxStates = 16_000_000 } = options;
  const numbers = new Map<string, number>();
  const parents = new Numbers();
  const steps = new Numbers();
  const froms = new Numbers();
  const tos = new Numbers();
  const ends = new Set<string>();
  const failures = new Map<string, Failure>();
  /** The worlds of one depth, and of the next. */
  let worlds: World[] = [];
  let nexts: World[] = [];
  let depth = 0;
  const pathTo = (state: number): number[] => {
    const path: number[] = [];
    for (let at = state; at > 0; at = parents.get(at)) path.push(steps.get(at));
    return path.reverse();
  };
  const fail = (violation: Violation | undefined, state: number): void => {
    if (violation === undefined || failures.has(violation.property)) return;
    failures.set(violation.property, { ...violation, path: pathTo(state) });
  };
  const add = (world: World, parent: number, step: number): number => {
    const key = system.key(world);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const state = numbers.size;
    if (state === maxStates) throw new Error(`more than ${maxStates} states`);
    numbers.set(key, state);
    parents.push(parent);
    steps.push(step);
    nexts.push(world);
    fail(system.broken(world, false), state);
    return state;
  };
  const end = (world: World, state: number): void => {
    // Where a property is broken already, the run has not come to its end.
    if (system.broken(world, false) === undefined) ends.add(system.endKey(world));
    fail(system.broken(world, true), state);
  };
  const explore = (world: World, state: number): void => {
    const moves = system.moves(world);
    if (moves.length === 0) {
      end(world, state);
      return;
    }
    const chosen = reduction === "none" ? moves : (system.enough?.(world, moves) ?? moves);
    for (const move of chosen) {
      froms.push(state);
      tos.push(add(system.take(world, move), state, move));
    }
  };
  add(system.start(), -1, -1);
  let state = 0;
  for (; nexts.length > 0; depth += 1) {
    worlds = nexts;
    nexts = [];
    for (const world of worlds) {
      if (until === "first" && failures.size > 0) break;
      explore(world, state);
      state += 1;
    }
    if (until === "first" && failures.size > 0) break;
  }
  return {
    states: numbers.size,
    transitions: froms.length,
    depth: depth - 1,
    ends,
    isBounded: isAcyclic(numbers.size, froms, tos),
    failures: [...failures.values()],
  };
};

/** Many small whole numbers. */
class Numbers {
  #all = new Int32Array(1024);
  length = 0;

  get(at: number): number {
    return this.#all[at] as number;
  }

  push(value: number): void {
    if (this.length === this.#all.length) {
      const more = new Int32Array(2 * this.length);
      more.set(this.#all);
      this.#all = more;
    }
    this.#all[this.length] = value;
    this.length += 1;
  }
}

/** Takes states away that nothing leads to, until none is left; a cycle would be. */
const isAcyclic = (states: number, froms: Numbers, tos: Numbers): boolean => {
  const incoming = new Int32Array(states);
  const firstEdge = new Int32Array(states).fill(-1);
  const nextEdge = new Int32Array(froms.length);
  for (let edge = 0; edge < froms.length; edge += 1) {
    const to = tos.get(edge);
    const from = froms.get(edge);
    incoming[to] = (incoming[to] as number) + 1;
    nextEdge[edge] = firstEdge[from] as number;
    firstEdge[from] = edge;
  }
  const free: number[] = [];
  for (let state = 0; state < states; state += 1) if (incoming[state] === 0) free.push(state);
  let taken = 0;
  for (let state = free.pop(); state !== undefined; state = free.pop()) {
    taken += 1;
    for (let edge = firstEdge[state] as number; edge !== -1; edge = nextEdge[edge] as number) {
      const to = tos.get(edge);
      const left = (incoming[to] as number) - 1;
      incoming[to] = left;
      if (left === 0) free.push(to);
    }
  }
  return taken === states;
};
