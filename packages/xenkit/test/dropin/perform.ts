import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { main } from "../../src/main.ts";
import type { Invocation, Outcome } from "./invocation.ts";
import { refusingProxy } from "./refusing-proxy.ts";
import { dump, reset, type Stage } from "./stage.ts";

/** How a command line is run. */
export type Performer = (call: Call) => Promise<Omit<Outcome, "store">>;

interface Call {
  readonly line: Invocation["line"];
  readonly env: Readonly<Record<string, string>>;
  readonly columns: number | undefined;
  /** Told of everything that is written to the output. */
  readonly onOutput: (all: string) => void;
}

/** What nobody waits longer for. */
const PATIENCE_MS = 10_000;

/** Debian's program. On a terminal of a given width: one that `script` makes. */
export const debian: Performer = async ({ line, env, columns, onOutput }) => {
  const [program, ...args] = line;
  const path = `/usr/bin/${program}`;
  const child =
    columns === undefined
      ? spawn(path, args, { argv0: program, env, timeout: PATIENCE_MS })
      : spawn(
          "/usr/bin/script",
          ["-qec", `stty cols ${columns}; ${path} ${args.join(" ")}`, "/dev/null"],
          {
            env,
            timeout: PATIENCE_MS,
          },
        );
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("latin1").on("data", (chunk: string) => {
    stdout += chunk;
    onOutput(stdout);
  });
  child.stderr.setEncoding("latin1").on("data", (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.end();
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: columns === undefined ? stdout : stdout.replaceAll("\r\n", "\n"), stderr };
};

/** Ours, by the same name, within this process. */
export const ours: Performer = async ({ line, env, columns, onOutput }) => {
  const [program, ...args] = line;
  let stdout = "";
  let stderr = "";
  const write = (data: string | Uint8Array): void => {
    stdout += Buffer.from(data).toString("latin1");
    onOutput(stdout);
  };
  const code = await main(
    args,
    {
      print: (text) => write(`${text}\n`),
      write,
      tell: (text) => {
        stderr += Buffer.from(`${text}\n`).toString("latin1");
      },
      retell: () => {},
      columns,
      env,
      ended: AbortSignal.timeout(PATIENCE_MS),
    },
    program,
  );
  return { code, stdout, stderr };
};

const NOTHING: NonNullable<Invocation["setup"]> = [];
/** Stages that the last invocation left as it found them: nothing to do before the next. */
const untouched = new WeakMap<Stage, { readonly setup: unknown; readonly dump: string[] }>();

/** Makes the store what it must be, if it is not. Gives what is in it. */
const prepare = async (
  stage: Stage,
  setup: NonNullable<Invocation["setup"]>,
): Promise<string[]> => {
  const left = untouched.get(stage);
  untouched.delete(stage);
  if (left?.setup === setup) return left.dump;
  await reset(stage, setup);
  return dump(stage);
};

/** Runs one invocation on a store that is as it should be before. */
export const perform = async (
  stage: Stage,
  invocation: Invocation,
  performer: Performer,
): Promise<Outcome> => {
  const { line, setup = NOTHING, env: extra = {}, columns, refuse, during = [] } = invocation;
  const before = await prepare(stage, setup);
  const proxyPath = join(stage.folder, "proxy");
  await using _ =
    refuse === undefined ? undefined : await refusingProxy(proxyPath, stage.socketPath, refuse);
  const env: Record<string, string> = {
    XENSTORED_PATH: refuse === undefined ? stage.socketPath : proxyPath,
  };
  for (const [name, value] of Object.entries(extra)) env[name] = value.replace("@", stage.folder);
  const keys = line.filter((word) => /^(\/|rel)/.test(word)).length;
  let writing: Promise<void> | undefined;
  const onOutput = (all: string): void => {
    if (all.split("\n").length <= keys) return;
    writing ??= (async () => {
      for (const [path, value] of during) await stage.client.write(path, value);
    })();
  };
  const outcome = await performer({ line, env, columns, onOutput });
  await writing;
  const after = await dump(stage);
  if (after.join("\n") === before.join("\n")) untouched.set(stage, { setup, dump: after });
  const went = before.filter((node) => !after.includes(node)).map((node) => `-${node}`);
  const came = after.filter((node) => !before.includes(node)).map((node) => `+${node}`);
  return { ...outcome, store: [...went, ...came] };
};
