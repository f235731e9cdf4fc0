import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FoundMutant } from "./found-mutant.ts";

/** Names a mutant by its text, so that it is still the same when lines move. */
export type MutantText = Pick<FoundMutant, "file" | "code" | "from" | "to">;

/** Survivors that somebody has looked at. */
export interface KnownSurvivors {
  /**
   * `equivalent`: no caller could tell it from the original; `accepted`: a test could, and is not worth it; `open`: a test is still to
   * be written.
   */
  readonly verdict: "equivalent" | "accepted" | "open";
  readonly reason: string;
  readonly mutants: readonly MutantText[];
}

const FOLDER = join(import.meta.dirname, "../survivors");

/** What is known of a package: `survivors/NAME.json`. */
export const knownSurvivors = (
  name: string,
  folder: string = FOLDER,
): readonly KnownSurvivors[] => {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
};

/** One line of `survivors/NAME.json`. */
export const keyOf = ({ file, code, from, to }: MutantText): string =>
  JSON.stringify({ file, code, from, to });
