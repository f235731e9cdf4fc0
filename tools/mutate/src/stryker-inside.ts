import { LOW_LEVEL_MUTATORS, type Mutator } from "./low-level-mutators.ts";

/**
 * Stryker's list of mutators, ours among them; what is done to the list counts for every run of this process. The package does not export
 * it: this reaches inside, and the version is pinned for that reason.
 */
export const mutators = async (): Promise<Mutator[]> => {
  const inside = import.meta.resolve("@stryker-mutator/instrumenter");
  const { allMutators } = (await import(new URL("mutators/mutate.js", inside).href)) as {
    readonly allMutators: Mutator[];
  };
  for (const mutator of LOW_LEVEL_MUTATORS) {
    if (!allMutators.some(({ name }) => name === mutator.name)) allMutators.push(mutator);
  }
  return allMutators;
};

interface Instrumenter {
  instrument(
    files: readonly { readonly name: string; readonly mutate: true; readonly content: string }[],
    options: object,
  ): Promise<{ readonly mutants: readonly unknown[] }>;
}

/** Makes every mutant of these files, and runs none. @returns How many there are. */
export const countMutants = async (
  files: readonly { readonly name: string; readonly content: string }[],
): Promise<number> => {
  const inside = import.meta.resolve("@stryker-mutator/instrumenter");
  const { Instrumenter } = (await import(new URL("instrumenter.js", inside).href)) as {
    readonly Instrumenter: new (logger: object) => Instrumenter;
  };
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, isDebugEnabled: () => false };
  const { mutants } = await new Instrumenter(silent).instrument(
    files.map((file) => ({ ...file, mutate: true })),
    { ignorers: [], excludedMutations: [], plugins: null },
  );
  return mutants.length;
};
