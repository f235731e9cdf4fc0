import { type ChildProcess, spawn } from "node:child_process";
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

/** What runs now. Each has a process group of its own, so that its children end with it, and all of them with us. */
const running = new Set<ChildProcess>();

const killGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended already
  }
};

process.on("exit", () => {
  for (const child of running) killGroup(child);
});

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
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(program, args, { cwd, env, detached: true, stdio: [...stdio] });
    running.add(child);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8");
      child[name]?.on("data", (text: string) => {
        output[name] += text;
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, timeoutMs);
    const end = (why: string | undefined, cause?: Error): void => {
      clearTimeout(timer);
      running.delete(child);
      if (why === undefined) {
        resolve(output.stdout);
        return;
      }
      const lines = `${output.stdout}\n${output.stderr}`.split("\n");
      const said = lines.filter((line) => line.trim() !== "").slice(-OUTPUT_LINES_MAX);
      const head = `${[program, ...args].join(" ").slice(0, 200)} ${why}, in ${cwd}:`;
      reject(new PackCheckError([head, ...said.map((line) => `  ${line}`)].join("\n"), { cause }));
    };
    child.once("error", (error) => end(`does not start (${error.message})`, error));
    child.once("close", (code, signal) => {
      if (late) end(`took more than ${timeoutMs} ms`);
      else end(code === 0 ? undefined : `ended with ${code ?? signal}`);
    });
  });
