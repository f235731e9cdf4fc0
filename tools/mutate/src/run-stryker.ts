import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { LogLevel, MutantResult } from "@stryker-mutator/api/core";
import { Stryker } from "@stryker-mutator/core";
import { mutators } from "./stryker-inside.ts";

/** The folder of the workspace. */
export const ROOT: string = join(import.meta.dirname, "../../..");

/** What to mutate, and how. */
export interface Run {
  /** The folder's name under `packages/`. */
  readonly name: string;
  /** As Stryker reads them, from the workspace's folder: `packages/bitmap/src/bits.ts:3-7`. */
  readonly patterns: readonly string[];
  /** How many processes. */
  readonly processes: number;
  /** Takes what an earlier run with the same file found, where neither the mutant nor its tests have changed. */
  readonly remembered?: string;
}

/** Runs Stryker in a copy of the workspace that holds the package alone: nobody's files are changed. */
export const runStryker = async (run: Run): Promise<readonly MutantResult[]> => {
  await mutators();
  process.env["XENKIT_MUTATE"] = run.name;
  process.chdir(ROOT);
  const stryker = new Stryker({
    mutate: [...run.patterns],
    ignorePatterns: [
      "**",
      "!package.json",
      "!tsconfig.base.json",
      `!packages/${run.name}/**`,
      "node_modules",
    ],
    plugins: [join(import.meta.dirname, "in-process-runner.ts")],
    testRunner: "in-process",
    testRunnerNodeArgs: ["--conditions=@xenkit/source"],
    coverageAnalysis: "perTest",
    concurrency: run.processes,
    // The runner has a budget for the tests of a mutant: what takes several times as long hangs.
    timeoutMS: 6_000,
    timeoutFactor: 0.05,
    reporters: [process.stderr.isTTY ? "progress" : "progress-append-only"],
    // Its type is an enum that is not there when the program runs.
    logLevel: "warn" as LogLevel,
    warnings: false,
    tempDirName: join(tmpdir(), "xenkit-mutate"),
    cleanTempDir: "always",
    allowConsoleColors: process.stderr.isTTY,
    ...(run.remembered === undefined ? {} : { incremental: true, incrementalFile: run.remembered }),
  });
  return stryker.runMutationTest();
};
