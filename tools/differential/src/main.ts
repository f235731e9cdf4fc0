import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectSocket } from "@xenkit/oracle";
import type { GenerateOptions } from "./generate.ts";
import { oracleWorld } from "./oracle-world.ts";
import { ourSocketWorld, ourWorld } from "./our-world.ts";
import { renderFailure, renderResult } from "./render.ts";
import { type Pair, playBoth, run } from "./run.ts";
import { StoreInUseError, socketWorld } from "./socket-world.ts";
import type { Sequence } from "./step.ts";

const USAGE = `usage: npm run differential -- [--requests N] [--seed S] [--against c|ocaml|SOCKET] [--over process|socket]
       npm run differential -- --replay FILE [--against …]

Plays generated requests on our Xenstore daemon and on another one, and compares every reply and event.
  --requests N   how many, at least (20000)
  --seed S       of the generator (a new one each time)
  --against      Debian's daemons, or any running one by its socket, whose store must be empty (c)
  --over         our daemon's socket clients are function calls, or on a real socket (process)
  --replay FILE  plays a sequence that an earlier run wrote down
Exit status: 0 no difference, 1 a difference, 2 cannot be run.`;

class UsageError extends Error {}

const readArguments = (args: readonly string[]) => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        requests: { type: "string", default: "20000" },
        seed: { type: "string" },
        against: { type: "string", default: "c" },
        over: { type: "string", default: "process" },
        replay: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
};

const integer = (name: string, text: string): number => {
  if (/^-?[0-9]{1,10}$/.test(text)) return Number(text) | 0;
  throw new UsageError(`${name} is an integer, not ${text}`);
};

/** oxenstored does not answer a request without a payload before the next bytes, and has limits of its own. */
const GENERATED = {
  c: { guests: true, lifecycle: true, extremes: true },
  ocaml: { guests: true, lifecycle: true, extremes: false },
  socket: { guests: false, lifecycle: false, extremes: true },
} as const satisfies Record<string, GenerateOptions>;

const pairOf = (against: string, over: string): Pair => {
  if (over !== "process" && over !== "socket")
    throw new UsageError(`--over is process or socket, not ${over}`);
  const make = over === "socket" ? ourSocketWorld : ourWorld;
  if (against === "c" || against === "ocaml")
    return {
      theirs: oracleWorld(against),
      ours: make(against),
      reference: against,
      generate: GENERATED[against],
    };
  return {
    theirs: socketWorld(against),
    ours: make("c"),
    reference: "c",
    generate: GENERATED.socket,
  };
};

/** @throws UsageError when no daemon answers there. */
const checkServed = async (path: string): Promise<void> => {
  try {
    await using _connection = await connectSocket(path);
  } catch (error) {
    const reason = (error as Error).message;
    throw new UsageError(`--against is c, ocaml or a daemon's socket, not ${path}: ${reason}`, {
      cause: error,
    });
  }
};

const readSequence = (file: string): Sequence => {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Sequence;
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`, { cause: error });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const { requests, seed: given, against, over, replay, help } = readArguments(args);
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const pair = pairOf(against, over);
  if (against !== "c" && against !== "ocaml") await checkServed(against);
  if (replay !== undefined) {
    const sequence = readSequence(replay);
    const played = await playBoth(sequence, pair);
    console.log(renderFailure(sequence, played));
    return played.comparison.difference === undefined ? 0 : 1;
  }
  const enough = integer("--requests", requests);
  if (enough < 1) throw new UsageError(`--requests is 1 or more, not ${requests}`);
  const seed = given === undefined ? (Math.random() * 2 ** 31) | 0 : integer("--seed", given);
  console.log(`seed ${seed}, against ${against}`);
  const result = await run(pair, { requests: enough, seed });
  console.log(renderResult(result));
  if (result.failure === undefined) return 0;
  const file = join(tmpdir(), `xenkit-differential-${seed}.json`);
  writeFileSync(file, JSON.stringify(result.failure));
  console.log(renderFailure(result.failure, await playBoth(result.failure, pair)));
  console.log(
    `again: npm run differential -- --against ${against} --over ${over} --replay ${file}`,
  );
  return 1;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof StoreInUseError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
