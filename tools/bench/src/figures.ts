/** The samples of one process: nanoseconds per operation, by row and contender, in the order of the rounds. */
export type ProcessSamples = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** What several processes measured, as medians. */
export interface Figures {
  rows(): string[];
  contenders(): string[];
  /** Median over the processes of each process's median, in nanoseconds per operation. */
  time(row: string, contender: string): number | undefined;
  /** Median over the processes of the median over the rounds of the ratio within a round. */
  ratio(row: string, contender: string, against: string): number | undefined;
}

export const figuresOf = (processes: readonly ProcessSamples[]): Figures => {
  const [first] = processes;
  if (first === undefined) throw new Error("no process measured anything");
  const rows = Object.keys(first);
  const samples = (row: string, contender: string): (readonly number[])[] | undefined => {
    const all = processes.map((process) => process[row]?.[contender]);
    return all.every((list) => list !== undefined) ? all : undefined;
  };
  return {
    rows: () => rows,
    contenders: () => [...new Set(rows.flatMap((row) => Object.keys(first[row] ?? {})))],
    time: (row, contender) => {
      const all = samples(row, contender);
      return all && median(all.map(median));
    },
    ratio: (row, contender, against) => {
      const mine = samples(row, contender);
      const theirs = samples(row, against);
      if (mine === undefined || theirs === undefined) return undefined;
      return median(
        mine.map((list, index) =>
          median(list.map((time, round) => time / (theirs[index]?.[round] ?? Number.NaN))),
        ),
      );
    },
  };
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  if (upper === undefined || lower === undefined) throw new Error("the median of nothing");
  return (lower + upper) / 2;
};
