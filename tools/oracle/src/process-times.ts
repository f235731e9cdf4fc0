import { readdirSync, readFileSync } from "node:fs";

/** CPU time of a process, all its living threads together. */
export interface ProcessTimes {
  /** On a CPU, in ns: the scheduler's own clock. 0 on kernels without scheduler statistics. */
  readonly cpuNs: number;
  /** Ready to run, but waiting for a CPU, in ns. Much of it: the measurement is disturbed. */
  readonly waitNs: number;
  /** In user mode, in ms; steps of 10. Counts threads that have ended, too. */
  readonly userMs: number;
  /** In the kernel, in ms; steps of 10. Counts threads that have ended, too. */
  readonly systemMs: number;
}

/** Linux shows times to programs in ticks of 1/100 s, whatever its own are. */
const TICK_MS = 10;

/**
 * Reads `/proc/<pid>`: the difference of two readings is what happened between them. A process that sleeps has an
 * exact time; one that runs is up to a tick of the scheduler behind.
 *
 * @throws The error of the system (`ENOENT`) when there is no such process.
 */
export const processTimes = (pid: number): ProcessTimes => {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the program's name, with any character in it; the third comes after its last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  let cpuNs = 0;
  let waitNs = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [cpu, wait] = schedstat(`/proc/${pid}/task/${thread}/schedstat`);
    cpuNs += cpu;
    waitNs += wait;
  }
  return {
    cpuNs,
    waitNs,
    userMs: Number(fields[11]) * TICK_MS,
    systemMs: Number(fields[12]) * TICK_MS,
  };
};

/** A thread may end while we read. */
const schedstat = (file: string): readonly [cpu: number, wait: number] => {
  try {
    const [cpu, wait] = readFileSync(file, "latin1").split(" ");
    return [Number(cpu), Number(wait)];
  } catch {
    return [0, 0];
  }
};
