import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program on our own terminal and hands SIGINT and SIGTERM on to it.
 *
 * @param {string[]} command - Program and arguments; no shell is involved.
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>} Its exit code; 128 + the signal's number when a signal ended it.
 */
export const runProgram = ([program = "", ...args], options) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", ...options });
    const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    // A terminal's Ctrl-C reaches the child by itself: here it only must not end us first.
    const wait = () => {};
    process.on("SIGTERM", pass);
    process.on("SIGINT", process.stdin.isTTY ? wait : pass);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("SIGTERM", pass);
      process.off("SIGINT", wait);
      process.off("SIGINT", pass);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
