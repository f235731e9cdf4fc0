import type { FoundMutant } from "./found-mutant.ts";
import { type KnownSurvivors, keyOf, type MutantText } from "./known-survivors.ts";

/** What a run says of a package. */
export interface Score {
  readonly mutants: number;
  readonly killed: number;
  readonly timedOut: number;
  /** Of `survived`: those that are listed as equivalent. */
  readonly equivalent: number;
  readonly survived: number;
  /** Percent of all mutants that were noticed; then the same without the equivalent ones. */
  readonly percent: number;
  readonly percentOfOthers: number;
  /** Survivors that are not listed. */
  readonly unknown: readonly FoundMutant[];
  /** Listed, and noticed by now: they can go from the list. */
  readonly noticed: readonly MutantText[];
}

const NOTICED: ReadonlySet<string> = new Set(["Killed", "Timeout", "RuntimeError"]);

export const scoreOf = (
  mutants: readonly FoundMutant[],
  known: readonly KnownSurvivors[],
): Score => {
  const listed = new Map(
    known.flatMap(({ verdict, mutants: texts }) =>
      texts.map((text) => [keyOf(text), { verdict, text }] as const),
    ),
  );
  const survivors = mutants.filter(({ status }) => !NOTICED.has(status));
  const surviving = new Set(survivors.map(keyOf));
  const made = new Set(mutants.map(keyOf));
  const survived = survivors.length;
  const equivalent = survivors.filter(
    (mutant) => listed.get(keyOf(mutant))?.verdict === "equivalent",
  ).length;
  const timedOut = mutants.filter(({ status }) => status === "Timeout").length;
  const noticed = mutants.length - survived;
  return {
    mutants: mutants.length,
    killed: noticed - timedOut,
    timedOut,
    survived,
    equivalent,
    percent: (100 * noticed) / mutants.length,
    percentOfOthers: (100 * noticed) / (mutants.length - equivalent),
    unknown: survivors.filter((mutant) => !listed.has(keyOf(mutant))),
    noticed: [...listed]
      .filter(([key]) => made.has(key) && !surviving.has(key))
      .map(([, { text }]) => text),
  };
};

/** The row of the table in the README. */
export const rowOf = (name: string, score: Score, minutes: number): string => {
  const { mutants, killed, timedOut, survived, equivalent, percent, percentOfOthers } = score;
  const cells = [
    `\`${name}\``,
    mutants,
    killed,
    timedOut,
    survived,
    equivalent,
    `${percent.toFixed(1)} %`,
    `${percentOfOthers.toFixed(1)} %`,
    minutes.toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
};
