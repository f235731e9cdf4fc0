/** A note that says something which can be compared. The words are the recorder's fixed vocabulary. */
export type Fact =
  /** From here on every automatic creation is followed by a destroy, and only a sample of both is written. */
  | { readonly kind: "bulk-begins" }
  /** The end of that: how many domains were created, and how many creations failed. */
  | { readonly kind: "bulk-ends"; readonly created: number; readonly failed: number }
  /** A drain of which only a sample is written: its totals. */
  | {
      readonly kind: "long-drain";
      readonly entries: number;
      readonly notAscending: number;
      readonly nonZero: number;
    }
  /** The creation before had to be tried again, an unwritten number of times. */
  | { readonly kind: "retried" };

const BULK_BEGINS = /^creating and destroying auto-allocated domains\b/;
const BULK_ENDS = /^(\d+) domains created, (\d+) failed attempts$/;
const LONG_DRAIN = /^long drain: (\d+) entries, (\d+) not ascending, (\d+) with a non-zero state$/;
const RETRIED = /^createdomain needed (\d+|several) attempts\b/;

/** The fact in a note, if there is one. */
export const factOf = (note: string): Fact | undefined => {
  if (BULK_BEGINS.test(note)) return { kind: "bulk-begins" };
  if (RETRIED.test(note)) return { kind: "retried" };
  const ends = BULK_ENDS.exec(note);
  if (ends !== null) {
    return { kind: "bulk-ends", created: Number(ends[1]), failed: Number(ends[2]) };
  }
  const drain = LONG_DRAIN.exec(note);
  if (drain === null) return undefined;
  return {
    kind: "long-drain",
    entries: Number(drain[1]),
    notAscending: Number(drain[2]),
    nonZero: Number(drain[3]),
  };
};

/** Does this note stand at a drain of which only a sample is written? */
export const isSampledDrain = (note: string): boolean => /^(end of the )?long drain$/.test(note);
