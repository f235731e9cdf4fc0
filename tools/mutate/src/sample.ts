import type { Mutator } from "./low-level-mutators.ts";
import { countMutants, mutators } from "./stryker-inside.ts";

/** Fisher and Yates, by a seed. */
const shuffled = <T>(list: readonly T[], seed: number): T[] => {
  const mixed = [...list];
  let state = seed >>> 0;
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = state % (at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
};

/** Puts a question before each mutant: only those are made for which the answer is yes. */
const ask = (list: Mutator[], wanted: (mutant: string) => boolean): void => {
  for (const [at, mutator] of list.entries()) {
    list[at] = {
      ...mutator,
      *mutate(path, state) {
        const place = `${path.hub.file.opts.filename}:${path.node.start}:${path.node.end}`;
        let number = 0;
        for (const replacement of mutator.mutate(path, state)) {
          number += 1;
          if (wanted(`${place}:${mutator.name}:${number}`)) yield replacement;
        }
      },
    };
  }
};

/** From now on this process makes only so many of the mutants of these files, chosen by the seed. */
export const keepSample = async (
  files: readonly { readonly name: string; readonly content: string }[],
  sample: number,
  seed: number,
): Promise<void> => {
  const list = await mutators();
  const all: string[] = [];
  let chosen: ReadonlySet<string> | undefined;
  ask(list, (mutant) => {
    if (chosen === undefined) all.push(mutant);
    return chosen?.has(mutant) ?? true;
  });
  await countMutants(files);
  chosen = new Set(shuffled(all, seed).slice(0, sample));
};
