import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { MutantResult } from "@stryker-mutator/api/core";

/** One mutant and what became of it, in terms of the source. */
export interface FoundMutant {
  /** From the package's folder: `src/bits.ts`. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  /** The whole line where it begins, without the space around it. */
  readonly code: string;
  /** What was exchanged, and for what; longer pieces have their ends only. */
  readonly from: string;
  readonly to: string;
  readonly status: MutantResult["status"];
  /** The file's text with this mutant in it. */
  readonly applied: string;
}

const short = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= 100 ? line : `${line.slice(0, 60)} … ${line.slice(-30)}`;
};

/** Where a place is in a text; lines and columns begin with 1. */
const indexOf = (text: string, place: { readonly line: number; readonly column: number }): number =>
  text
    .split("\n")
    .slice(0, place.line - 1)
    .reduce((sum, line) => sum + line.length + 1, place.column - 1);

export const foundMutants = (
  folder: string,
  results: readonly MutantResult[],
): readonly FoundMutant[] => {
  const texts = new Map<string, string>();
  return results.map(({ fileName, location: { start, end }, replacement, status }) => {
    const text = texts.get(fileName) ?? readFileSync(fileName, "utf8");
    texts.set(fileName, text);
    const [from, to] = [indexOf(text, start), indexOf(text, end)];
    return {
      file: relative(folder, fileName),
      line: start.line,
      code: text.split("\n")[start.line - 1]?.trim() ?? "",
      from: short(text.slice(from, to)),
      to: short(replacement),
      status,
      applied: text.slice(0, from) + replacement + text.slice(to),
    };
  });
};
