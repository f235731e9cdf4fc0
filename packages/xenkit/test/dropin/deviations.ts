import type { Invocation, Outcome } from "./invocation.ts";

/** Where we do not do as the programs do. */
export interface Deviation {
  readonly reason: string;
  /** Ours on purpose; only what is compared by the table. */
  readonly applies: (invocation: Invocation) => boolean;
  /** What we do where they did `theirs`. */
  readonly ours: (theirs: Outcome) => Outcome;
}

const isChmod = ({ line }: Invocation): boolean => line[0] === "xenstore-chmod";

export const DEVIATIONS: readonly Deviation[] = [
  {
    reason:
      "the C daemon keeps entries for numbers that no domain can have, which mean nobody; as an owner it refuses them, and we always",
    applies: (invocation) =>
      isChmod(invocation) &&
      invocation.line[2] === "n0" &&
      /^r(-1|99999|65536|65537)$/.test(invocation.line[3] ?? ""),
    ours: () => ({
      code: 1,
      stdout: "",
      stderr:
        "xenstore-chmod: Error occurred setting permissions on '/t/a': No such file or directory\n",
      store: [],
    }),
  },
  {
    reason: "a letter that is no permission is shown whole, not the first of its bytes",
    applies: (invocation) => isChmod(invocation) && invocation.line.includes("é0"),
    ours: (theirs) => ({ ...theirs, stderr: theirs.stderr.replace("\u00c3", "\u00c3\u00a9") }),
  },
];

/** Calls whose outcome depends on whose daemon it is: Debian's programs are not run against ours for them. */
export const DAEMONS_DIFFER: readonly Pick<Deviation, "reason" | "applies">[] = [
  {
    reason:
      "the C daemon of 4.17 refuses paths of more than 2048 bytes to everyone, ours only to guests; our programs refuse them before",
    applies: ({ line }) => line.some((word) => word.length >= 3100 && word.length < 4000),
  },
];
