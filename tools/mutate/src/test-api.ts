import type { ExpectStatic } from "vitest";

/**
 * What the tests import in the place of `vitest` while mutants run: it collects them, for the runner of this tool to run in its own
 * process. Matchers are Vitest's.
 */
export interface CollectedTest {
  readonly id: string;
  readonly run: () => unknown;
}

type Body<T extends unknown[]> = (...args: T) => unknown;
type Options = { readonly timeout?: number } | number;
type Define = (title: string, ...rest: readonly (Body<[]> | Options)[]) => void;
/** Defines one for each case of a table. */
type Each = (cases: readonly unknown[]) => (title: string, ...rest: unknown[]) => void;

/** All that Vitest looks for at home when its matchers are loaded elsewhere. */
Object.assign(globalThis, {
  __vitest_worker__: { config: { snapshotOptions: {}, expect: {} }, environment: { name: "node" } },
});

const vitest: typeof import("vitest") = await import("vitest");

export const expect: ExpectStatic = vitest.expect;
export const expectTypeOf: typeof vitest.expectTypeOf = vitest.expectTypeOf;

let collected: CollectedTest[] = [];
let path: string[] = [];

/** Runs what defines tests. @returns Them, in their order. */
export const collect = async (
  file: string,
  define: () => Promise<unknown>,
): Promise<readonly CollectedTest[]> => {
  collected = [];
  path = [file];
  await define();
  return collected;
};

/** Titles of a table are counted, not filled in: they only have to differ. */
const eachOf =
  (define: Define): Each =>
  (cases) =>
  (title, ...rest) => {
    const body = rest.find((part) => typeof part === "function") as Body<unknown[]>;
    for (const [index, one] of cases.entries()) {
      const args = Array.isArray(one) ? one : [one];
      define(`${title} ${index}`, () => body(...args));
    }
  };

const defineTest: Define = (title, ...rest) => {
  const run = rest.find((part) => typeof part === "function");
  if (run === undefined) throw new Error(`${title}: no test`);
  const id = [...path, title].join(" > ");
  collected.push({ id, run });
};

const defineSuite: Define = (title, ...rest) => {
  const body = rest.find((part) => typeof part === "function");
  const outer = path;
  path = [...outer, title];
  try {
    body?.();
  } finally {
    path = outer;
  }
};

export const test: Define & { readonly each: Each } = Object.assign(defineTest, {
  each: eachOf(defineTest),
});
export const describe: Define & { readonly each: Each } = Object.assign(defineSuite, {
  each: eachOf(defineSuite),
});
