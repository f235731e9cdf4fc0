import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { parseRecording } from "./parse-recording.ts";
import { RecordingError } from "./recording-error.ts";
import { renderResult } from "./render.ts";
import { replay } from "./replay.ts";

const USAGE = `usage: npm run replay -- [--drain-order clear-first|lookup-first] FILE…

Replays recordings of real Xen on the emulator and compares every byte.
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

const readRecording = async (file: string) => {
  try {
    return parseRecording(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof RecordingError) {
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    }
    const { code } = error as NodeJS.ErrnoException;
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
    const result = replay(await readRecording(file), { drainOrder });
    console.log(renderResult(file, result));
    if (result.differences.length > 0) status = 1;
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
