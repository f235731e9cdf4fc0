import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import type { DomainAnswer } from "../../src/control-protocol.ts";
import { main } from "../../src/main.ts";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

/** The command line as it is run from the checkout. */
export const XENKIT: readonly string[] = ["--conditions=@xenkit/source", BIN];

/** What a command left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a test: nothing of the developer's own decides where a host lives. */
const environment = (extra: Record<string, string> = {}): NodeJS.ProcessEnv => {
  const { XENKIT_DIR: _, XDG_RUNTIME_DIR: __, ...env } = process.env;
  return { ...env, ...extra };
};

/** Starts the real program. */
export const start = (args: readonly string[], env?: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [...XENKIT, ...args], { env: environment(env) });

/** Runs the real program to its end. */
export const xenkit = (args: readonly string[], env?: Record<string, string>): Promise<Outcome> =>
  outcomeOf(start(args, env));

/** Collects what a program writes until it ends. */
export const outcomeOf = async (child: ChildProcess): Promise<Outcome> => {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
};

/** Runs a command within this process, on a terminal that keeps what it is given. */
export const runHere = async (...args: string[]): Promise<Outcome> => {
  const output = { stdout: "", stderr: "" };
  const code = await main(args, {
    print: (line) => {
      output.stdout += `${line}\n`;
    },
    write: (data) => {
      output.stdout += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    },
    columns: undefined,
    tell: (line) => {
      output.stderr += `${line}\n`;
    },
    retell: () => {},
    env: { XENKIT_DIR: "/nowhere" },
    ended: new AbortController().signal,
  });
  return { code, ...output };
};

/** What the ready line says. */
interface Ready {
  readonly pid: number;
  readonly dir: string;
  readonly xenstored: string;
  readonly control: string;
  readonly [key: string]: unknown;
}

/** A running `xenkit up`. */
export interface RunningHost extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly dir: string;
  /** Runs a command on this host. */
  readonly run: (...args: string[]) => Promise<Outcome>;
  /** What `domain list --json` prints; run within the test's own process, which is faster. */
  readonly list: () => Promise<DomainAnswer[]>;
  /** Sends the signal and waits for the end. */
  readonly stop: (signal: NodeJS.Signals) => Promise<Outcome>;
}

/** Runs `xenkit up` in `dir` until disposed. */
export const startHost = async (
  args: readonly string[] = [],
  dir: string = scratchFolder(),
): Promise<RunningHost> => {
  const child = start(["up", "--dir", dir, ...args]);
  const outcome = outcomeOf(child);
  const ready = await Promise.race([readyLine(child), outcome]);
  if ("code" in ready) throw new Error(`xenkit up ended with ${ready.code}: ${ready.stderr}`);
  const run = (...rest: string[]): Promise<Outcome> => xenkit(rest, { XENKIT_DIR: dir });
  const stop = (signal: NodeJS.Signals): Promise<Outcome> => {
    child.kill(signal);
    return outcome;
  };
  return {
    child,
    ready,
    dir,
    run,
    list: async () => JSON.parse((await runHere("domain", "list", "--json", "--dir", dir)).stdout),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const readyLine = (child: ChildProcess): Promise<Ready> =>
  new Promise((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("ready ")) resolve(JSON.parse(line.slice("ready ".length)));
    });
  });

/** The next lines of a program's output, one at each call. */
export const linesOf = (child: ChildProcess): (() => Promise<string>) => {
  if (child.stdout === null) throw new TypeError("no stdout");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the output has ended");
    return value;
  };
};

/** Waits until a program has told the user something that matches. */
export const told = (child: ChildProcess, pattern: RegExp): Promise<void> =>
  new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (chunk) => {
      text += chunk;
      if (pattern.test(text)) resolve();
    });
    child.once("close", () => reject(new Error(`ended without telling ${pattern}: ${text}`)));
  });
