import { execFile } from "node:child_process";
import { PackCheckError } from "./pack-check-error.ts";

/** As much of a failed program's output as helps. */
const OUTPUT_LINES_MAX = 40;

/** Where and for how long a program runs. */
export interface RunOptions {
  /** Its working directory. */
  readonly cwd: string;
  /** All of its environment; our own when left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** After this many milliseconds it is killed; 120,000 when left out. */
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end.
 *
 * @returns What it wrote to standard output.
 * @throws {PackCheckError} When it fails or takes too long; with the end of its output.
 */
export const run = (
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env = process.env, timeoutMs = 120_000 }: RunOptions,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: timeoutMs, maxBuffer: 64 << 20 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const why = error.killed === true ? `took more than ${timeoutMs} ms` : `failed`;
      const output = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
      const shown = output.slice(-OUTPUT_LINES_MAX).map((line) => `  ${line}`);
      const head = `${[program, ...args].join(" ").slice(0, 200)} ${why}, in ${cwd}:`;
      reject(new PackCheckError([head, ...shown].join("\n"), { cause: error }));
    });
  });
