import { childPath } from "@xenkit/xenstore-wire";
import { isXenstoreError } from "./client-error.ts";
import { nodesLimit, type TreeOptions } from "./nodes-limit.ts";
import type { RequestOptions } from "./session-options.ts";
import type { StoreRequests } from "./store-requests.ts";

/** A node on a walk. */
export interface WalkEntry {
  readonly path: string;
  /** As `read` gives it; undefined when the caller may not read it. */
  readonly value: string | undefined;
  /** Levels below where the walk began. */
  readonly depth: number;
}

interface Step {
  readonly path: string;
  readonly depth: number;
  next: Step | undefined;
  answer: Promise<readonly [string | undefined, readonly string[] | undefined]> | undefined;
}

/** Nodes that are read ahead of the reader. */
const AHEAD = 64;

/**
 * @internal Walks a subtree: a list of steps in the order they are yielded, of which the first {@link AHEAD} are
 * asked for. A step's children come into the list behind it when the reader reaches it.
 */
export async function* walk(
  store: StoreRequests,
  path: string,
  options: TreeOptions,
): AsyncGenerator<WalkEntry, void, undefined> {
  const tooMany = nodesLimit(path, options);
  let waiting = 1;
  let step: Step | undefined = { path, depth: 0, next: undefined, answer: undefined };
  while (step !== undefined) {
    askAhead(store, step, options);
    const [value, names]: Awaited<NonNullable<Step["answer"]>> = (await step.answer) ?? [
      undefined,
      undefined,
    ];
    waiting -= 1;
    if (names !== undefined) {
      waiting += names.length;
      const error = tooMany(waiting);
      if (error !== undefined) throw error;
      step.next = chain(step, names);
      askAhead(store, step, options);
      yield { path: step.path, value, depth: step.depth };
    }
    step = step.next;
  }
}

const askAhead = (store: StoreRequests, first: Step, options: RequestOptions | undefined): void => {
  let step: Step | undefined = first;
  for (let count = 0; count < AHEAD && step !== undefined; count += 1, step = step.next) {
    if (step.answer !== undefined) continue;
    const isRoot = step.depth === 0;
    step.answer = Promise.all([
      store.read(step.path, options).catch(unless(isRoot)),
      store.list(step.path, options).catch(unless(isRoot)),
    ]).then(([value, names]) => {
      // Gone since its name was read: not a step any more.
      if (value === GONE || names === GONE) return [undefined, undefined];
      return [value, names ?? []];
    });
    // It may fail before the reader gets there.
    step.answer.catch(() => {});
  }
};

const GONE: unique symbol = Symbol("gone");

/** What is missing or closed to us is no failure, but for the root. */
const unless =
  (isRoot: boolean) =>
  (error: unknown): typeof GONE | undefined => {
    if (!isRoot && isXenstoreError(error, "ENOENT")) return GONE;
    if (!isRoot && isXenstoreError(error, "EACCES")) return undefined;
    throw error;
  };

const chain = (parent: Step, names: readonly string[]): Step | undefined => {
  let next = parent.next;
  for (let index = names.length - 1; index >= 0; index -= 1) {
    const path = childPath(parent.path, names[index] as string);
    next = { path, depth: parent.depth + 1, next, answer: undefined };
  }
  return next;
};
