/** Runs one step of the rehearsal and tells how long it took. */
export const step = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  try {
    const result = await work();
    process.stdout.write(`${seconds(start)}  ${title}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`${seconds(start)}  ${title}: FAILED\n`);
    throw error;
  }
};

const seconds = (start: number): string =>
  `${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s`;
