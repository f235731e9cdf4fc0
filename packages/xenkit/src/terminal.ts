/** All that a command sees of the process it runs in. */
export interface Terminal {
  /** Writes a line of output: what a program reads. */
  readonly print: (line: string) => void;
  /** Writes output as it is: text as UTF-8, or bytes. */
  readonly write: (data: string | Uint8Array) => void;
  /** Writes a line to the user: errors, progress, hints. */
  readonly tell: (line: string) => void;
  /** Replaces the last line told, on a terminal; does nothing elsewhere. An empty text clears it. */
  readonly retell: (line: string) => void;
  /** The width of the terminal that the output goes to; undefined when it goes elsewhere. */
  readonly columns: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted at SIGINT and SIGTERM, and when nobody reads our output any more. */
  readonly ended: AbortSignal;
}

/**
 * The process's own terminal.
 *
 * A reader that goes away (`| head -1`) is no failure: output stops and `ended` is aborted. So with output that cannot
 * be written, as to a full disk; then the exit code is 1. A signal that comes when the end takes too long ends the
 * process at once.
 */
export const processTerminal = (): Terminal => {
  const ending = new AbortController();
  let readerIsGone = false;
  let firstSignalAt: number | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    ending.abort();
    if (error.code !== "EPIPE" && !readerIsGone) {
      process.stderr.write(`xenkit: cannot write the output: ${error.message}\n`);
      process.once("exit", failed);
    }
    readerIsGone = true;
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    // Nobody can be told of anything else; it is no reason to stop.
    if (error.code === "EPIPE") ending.abort();
  });
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ] as const) {
    process.on(signal, () => {
      firstSignalAt ??= performance.now();
      if (performance.now() - firstSignalAt > PATIENCE_MS) process.exit(128 + number);
      ending.abort();
    });
  }
  const write = (data: string | Uint8Array): void => {
    if (!readerIsGone) process.stdout.write(data);
  };
  return {
    print: (line) => write(`${line}\n`),
    write,
    tell: (line) => {
      process.stderr.write(`${line}\n`);
    },
    retell: (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    },
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    env: process.env,
    ended: ending.signal,
  };
};

/** What was done may be done, but whoever wanted to know does not know it. */
const failed = (): void => {
  process.exitCode ||= 1;
};

/** Settles when the terminal ends; meanwhile open sockets keep the process. */
export const untilEnded = ({ ended }: Terminal): Promise<void> =>
  new Promise((resolve) => {
    if (ended.aborted) resolve();
    else ended.addEventListener("abort", () => resolve(), { once: true });
  });

/** Signals within this time are one: npm, a shell and a terminal may each send the same. */
const PATIENCE_MS = 2000;
