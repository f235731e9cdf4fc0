/** Takes one short sample (2 to 20 ms) and returns its nanoseconds per operation. */
export type Sampler = () => number | Promise<number>;

/** One row of a table: the same work, done by each contender. */
export interface Row {
  /** What the work is, for example `8 bits`. */
  readonly name: string;
  /** By name; a contender that cannot do this row is left out. */
  readonly contenders: Readonly<Record<string, Sampler>>;
}

/** As {@link sample}, for work that is waited for. */
export const sampleAsync = async (
  work: () => Promise<unknown>,
  operations: number,
): Promise<number> => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / operations;
};

/**
 * Runs `work` once and returns nanoseconds per operation.
 *
 * @param work - Does `operations` operations.
 */
export const sample = (work: () => unknown, operations: number): number => {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / operations;
};
