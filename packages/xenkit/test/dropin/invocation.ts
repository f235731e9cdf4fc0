/** One call of a store command, and the situation it is made in. */
export interface Invocation {
  /** The program's name and its arguments. */
  readonly line: readonly [program: string, ...args: string[]];
  /** Nodes that are there besides the fixture. */
  readonly setup?: readonly (readonly [path: string, value: string])[];
  /** Added to the environment; `@` stands for the folder of the socket. */
  readonly env?: Readonly<Record<string, string>>;
  /** The width of the terminal that the output goes to. */
  readonly columns?: number;
  /** Requests that are refused on the way: types of the protocol, and a pattern of their first string. */
  readonly refuse?: Refusal;
  /** Written one after the other, once the program has printed its first events. */
  readonly during?: readonly (readonly [path: string, value: string])[];
}

/** Requests that never reach the daemon. */
export interface Refusal {
  readonly type: number;
  readonly path: string;
  /** The error that is answered instead. */
  readonly error: string;
  /** How many are refused; all if missing. */
  readonly times?: number;
}

/** What a call left behind. Text is one character per byte. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of the store that went (`-`) and came (`+`). */
  readonly store: readonly string[];
}

/** What names an invocation in a list: all of it. */
export const titleOf = ({ line, setup, ...rest }: Invocation): string => {
  const words = line.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)));
  const text = words.map((word) =>
    word.length > 60 ? `${word.slice(0, 20)}…${word.length}` : word,
  );
  const situation = [
    ...(setup === undefined ? [] : [`${setup.length} nodes more`]),
    ...Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
  ];
  return [text.join(" "), ...situation].join(" | ");
};
