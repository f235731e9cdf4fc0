import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How big a package is, in bytes. */
export interface Sizes {
  /** Of the tarball: what a user downloads for this package alone. */
  readonly packed: number;
  /** Of the root entry with all that it imports, bundled, minified and gzipped; none for a package without entry. */
  readonly bundled?: number;
}

/** Where the sizes are that a package may have. */
export const sizesFile: string = join(import.meta.dirname, "../expected/sizes.json");

/** The committed sizes, by folder of the package. */
export const readSizes = (): Readonly<Record<string, Sizes>> =>
  JSON.parse(readFileSync(sizesFile, "utf8")) as Record<string, Sizes>;

/** A budget is what was committed, and this much more, in parts of it. */
const SLACK = 0.05;
/** So small a growth is none, in bytes. */
const SLACK_BYTES = 512;

/** Compares a package's sizes with its budget. */
export const checkSizes = (actual: Sizes, expected: Sizes | undefined): string[] => {
  if (expected === undefined) return ["it has no size budget"];
  return (["packed", "bundled"] as const).flatMap((kind) => {
    const now = actual[kind] ?? 0;
    const was = expected[kind] ?? 0;
    const most = was + Math.max(was * SLACK, SLACK_BYTES);
    if (now > most) return [`${kind} it has ${now} bytes; its budget is ${Math.floor(most)}`];
    if (now < was * 0.8 && was - now > SLACK_BYTES)
      return [
        `${kind} it has ${now} bytes, much less than its budget for ${was}: well done, record it`,
      ];
    return [];
  });
};
