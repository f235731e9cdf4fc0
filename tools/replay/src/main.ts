import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { DrainOrder } from "@xenkit/hypervisor";
import {
  parseStoreRecording,
  renderSummary,
  replayStoreRecording,
  StoreRecordingError,
} from "@xenkit/store-replay";
import { makeDaemon } from "./make-daemon.ts";
import { parseRecording } from "./parse-recording.ts";
import { RecordingError } from "./recording-error.ts";
import { renderResult } from "./render.ts";
import { replay } from "./replay.ts";

const USAGE = `usage: npm run replay -- [--drain-order clear-first|lookup-first] FILE…

Replays recordings of real Xen on the emulator, and of its Xenstore daemon on ours, and compares every byte.
Exit status: 0 all as recorded, 1 differences, 2 unreadable input.`;

/** Input that cannot be read: said in one line, exit status 2. */
class UsageError extends Error {}

const readArguments = (args: readonly string[]) => {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "drain-order": { type: "string", default: "clear-first" },
        help: { type: "boolean" },
      },
    });
    const drainOrder = values["drain-order"];
    if (drainOrder !== "clear-first" && drainOrder !== "lookup-first") {
      throw new UsageError(`--drain-order is clear-first or lookup-first, not ${drainOrder}`);
    }
    return { files: positionals, drainOrder, help: values.help ?? false } as const;
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError((error as Error).message, { cause: error });
  }
};

/** What is printed for a file, and whether all came out as recorded. */
interface Outcome {
  readonly text: string;
  readonly good: boolean;
}

/** Lines of a Xenstore recording all belong to a scenario, and none tells an `event` or an `op`. */
const isStoreRecording = (text: string): boolean => {
  const [first = ""] = text.split("\n", 1);
  return /"(start|conn|hv|ring)":/.test(first) && !/"(event|op)":/.test(first);
};

const replayText = (file: string, text: string, drainOrder: DrainOrder): Outcome => {
  if (isStoreRecording(text)) {
    const summary = replayStoreRecording(parseStoreRecording(text), makeDaemon);
    return { text: renderSummary(file, summary), good: summary.different.length === 0 };
  }
  const result = replay(parseRecording(text), { drainOrder });
  return { text: renderResult(file, result), good: result.differences.length === 0 };
};

const replayFile = async (file: string, drainOrder: DrainOrder): Promise<Outcome> => {
  try {
    return replayText(file, await readFile(file, "utf8"), drainOrder);
  } catch (error) {
    if (error instanceof RecordingError || error instanceof StoreRecordingError) {
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`${file}: cannot be read: ${code}`, { cause: error });
  }
};

const run = async (args: readonly string[]): Promise<number> => {
  const { files, drainOrder, help } = readArguments(args);
  if (help) {
    console.log(USAGE);
    return 0;
  }
  if (files.length === 0) throw new UsageError(`no recording given\n${USAGE}`);
  let status = 0;
  for (const file of files) {
    const { text, good } = await replayFile(file, drainOrder);
    console.log(text);
    if (!good) status = 1;
  }
  return status;
};

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
