import { spawn } from "node:child_process";
import { BootstrapError } from "./errors.mjs";

/** As much of a failed program's output as helps. */
const LINES_MAX = 8;

/** Blank lines, npm's warnings, and what it dumps of an error: frames of the stack and fields. */
const NOISE = /^\s*$|^npm (warn|notice)|^npm error(\s*|\s{2,}.*|\s\})$/;

/**
 * Runs a program without showing its output, unless it fails.
 *
 * @param {string[]} command
 * @param {import("node:child_process").SpawnOptions} options
 * @param {string} failure - What to tell the user; the last lines of the output follow.
 * @returns {Promise<void>}
 */
export const runQuietly = ([program = "", ...args], options, failure) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    /** @type {string[]} */
    const output = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => output.push(String(chunk)));
    child.once("error", (error) => reject(new BootstrapError(`${failure}:\n  ${error.message}`)));
    // It must not go on alone, into the folders of the next run.
    const stop = (/** @type {NodeJS.Signals} */ signal) => {
      child.kill(signal);
      output.push(`stopped by ${signal}\n`);
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
    child.once("close", (code) => {
      process.off("SIGTERM", stop).off("SIGINT", stop);
      if (code === 0) return resolve();
      const lines = output
        .join("")
        .split("\n")
        .filter((line) => !NOISE.test(line));
      reject(
        new BootstrapError(
          `${failure}:\n${lines
            .slice(-LINES_MAX)
            .map((line) => `  ${line}`)
            .join("\n")}`,
        ),
      );
    });
  });
