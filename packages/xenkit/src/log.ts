import { closeSync, openSync, writeFileSync } from "node:fs";
import type { ControlFiles } from "@xenkit/xenstored";
import { type Logger, pino } from "pino";

/** How much is logged. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** A log, and the files that a daemon's CONTROL commands may name. */
export interface Log {
  readonly logger: Logger;
  readonly files: ControlFiles;
  /** Opens the file anew that CONTROL named, if it did: whoever rotates logs has moved it. */
  readonly reopen: () => void;
}

/** Lines of JSON on stderr, until CONTROL `logfile` names a file. Nobody reading them is no reason to stop. */
export const openLog = (level: LogLevel): Log => {
  const stderr = openDestination({ fd: 2, sync: true });
  let destination = stderr;
  const write = (act: () => void): boolean => {
    try {
      act();
      return true;
    } catch {
      return false;
    }
  };
  return {
    logger: pino({ level, base: null }, { write: (line) => destination.write(line) }),
    files: {
      logTo: (path) =>
        write(() => {
          // Whether it can be written is only known by trying.
          closeSync(openSync(path, "a", 0o600));
          const before = destination;
          destination = openDestination({ dest: path, sync: true });
          if (before !== stderr) before.end();
        }),
      write: (path, text) => write(() => writeFileSync(path, text, { mode: 0o600 })),
    },
    reopen: () => {
      if (destination !== stderr) destination.reopen();
    },
  };
};

const openDestination = (options: {
  readonly fd?: number;
  readonly dest?: string;
  readonly sync: true;
}): ReturnType<typeof pino.destination> => {
  const destination = pino.destination(options);
  destination.on("error", () => {});
  return destination;
};
