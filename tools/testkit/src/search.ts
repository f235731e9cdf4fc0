/** One thing that can happen next. */
export interface Move {
  /** Its number, by which it can be taken. */
  readonly id: number;
  /** Who does it: the name of a process. */
  readonly who: string;
  /** What it is, in a few words. */
  readonly what: string;
}

/** A property that does not hold, and how it was seen. */
export interface Violation {
  readonly property: string;
  readonly seen: string;
}

/** What can be explored: a world that moves step by step. The same moves lead to the same world. */
export interface System<World> {
  /** A new world, before its first move. */
  start(): World;
  /** The same world once more. Without it, a world is made again by its moves. */
  copy?(world: World): World;
  /** What can happen next, in an order that depends on the world's state only. None: all is quiet. */
  moves(world: World): readonly Move[];
  /** Makes one of these happen. */
  take(world: World, id: number): void;
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
  enough?(world: World, moves: readonly Move[]): readonly Move[];
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

/** How many worlds are kept until they are gone on with, so that they need not be made again. */
const MOST_KEPT = 2_000;

/** Brings a new world to where these moves lead. */
export const replay = <World>(system: System<World>, path: readonly number[]): World => {
  const world = system.start();
  for (const move of path) system.take(world, move);
  return world;
};

/**
 * Explores every state that can be reached, the nearest first: so a failure is a shortest one.
 *
 * A state is kept as the way to it, and made again by going it: worlds need not be copied. States
 * with equal keys are one.
 *
 * @throws Error when there are more than `maxStates` states (2,000,000).
 */
export const search = <World>(system: System<World>, options: SearchOptions = {}): Report => {
  const { reduction = "persistent", until = "first", maxStates = 2_000_000 } = options;
  const numbers = new Map<string, number>();
  const parents: number[] = [];
  const steps: number[] = [];
  const depths: number[] = [];
  const edges: number[] = [];
  const ends = new Set<string>();
  const failures = new Map<string, Failure>();
  const kept = new Map<number, World>();
  const pathTo = (state: number): number[] => {
    const path: number[] = [];
    for (let at = state; at > 0; at = parents[at] as number) path.push(steps[at] as number);
    return path.reverse();
  };
  const add = (key: string, parent: number, step: number): void => {
    numbers.set(key, parents.length);
    depths.push(parents.length === 0 ? 0 : (depths[parent] as number) + 1);
    parents.push(parent);
    steps.push(step);
    if (parents.length > maxStates) throw new Error(`more than ${maxStates} states`);
  };
  const fail = (violation: Violation | undefined, path: readonly number[]): void => {
    if (violation === undefined || failures.has(violation.property)) return;
    failures.set(violation.property, { ...violation, path });
  };
  const first = system.start();
  add(system.key(first), -1, -1);
  fail(system.broken(first, false), []);
  for (let state = 0; state < parents.length; state += 1) {
    if (until === "first" && failures.size > 0) break;
    const path = pathTo(state);
    let world: World | undefined = kept.get(state) ?? replay(system, path);
    kept.delete(state);
    const before: World = world;
    const moves = system.moves(world);
    if (moves.length === 0) {
      // Where a property is broken already, the run has not come to its end.
      if (system.broken(world, false) === undefined) ends.add(system.endKey(world));
      fail(system.broken(world, true), path);
      continue;
    }
    const chosen = reduction === "none" ? moves : (system.enough?.(world, moves) ?? moves);
    for (const { id } of chosen) {
      // The first move goes on with the world that is there; the others need one of their own.
      const next: World = system.copy?.(before) ?? world ?? replay(system, path);
      world = undefined;
      system.take(next, id);
      const key = system.key(next);
      const known = numbers.get(key);
      edges.push(state, known ?? parents.length);
      if (known !== undefined) continue;
      if (system.copy !== undefined || kept.size < MOST_KEPT) kept.set(parents.length, next);
      add(key, state, id);
      fail(system.broken(next, false), [...path, id]);
    }
  }
  return {
    states: parents.length,
    transitions: edges.length / 2,
    depth: depths.reduce((most, depth) => Math.max(most, depth), 0),
    ends,
    isBounded: isAcyclic(parents.length, edges),
    failures: [...failures.values()],
  };
};

/** Takes states away that nothing leads to, until none is left; a cycle would be. */
const isAcyclic = (states: number, edges: readonly number[]): boolean => {
  const incoming = new Int32Array(states);
  const firstEdge = new Int32Array(states).fill(-1);
  const nextEdge = new Int32Array(edges.length / 2);
  for (let edge = 0; edge < nextEdge.length; edge += 1) {
    const from = edges[2 * edge] as number;
    incoming[edges[2 * edge + 1] as number] = (incoming[edges[2 * edge + 1] as number] ?? 0) + 1;
    nextEdge[edge] = firstEdge[from] as number;
    firstEdge[from] = edge;
  }
  const free: number[] = [];
  for (let state = 0; state < states; state += 1) if (incoming[state] === 0) free.push(state);
  let taken = 0;
  for (let state = free.pop(); state !== undefined; state = free.pop()) {
    taken += 1;
    for (let edge = firstEdge[state] as number; edge !== -1; edge = nextEdge[edge] as number) {
      const to = edges[2 * edge + 1] as number;
      const left = (incoming[to] as number) - 1;
      incoming[to] = left;
      if (left === 0) free.push(to);
    }
  }
  return taken === states;
};
