import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import {
  INSTRUMENTER_CONSTANTS,
  type InstrumenterContext,
  type MutantCoverage,
} from "@stryker-mutator/api/core";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { configureGlobal } from "fast-check";
import type { CollectedTest } from "./test-api.ts";

/**
 * They run in processes and threads of their own, where no mutant is switched on; or measure memory, which the switches need, too.
 */
const EXCLUDED: ReadonlySet<string> = new Set(["readme", "workers", "allocations"]);

/** How long a test may wait for something, in milliseconds: what never comes is noticed. */
const PATIENCE = 1_000;

/**
 * How long the tests of one mutant may take together, in milliseconds of this process, the quickest first. What they have not noticed by
 * then counts as surviving: the score is rather too low than too high.
 */
const BUDGET = 2_000;

/** In Stryker's copy, for the processes that come after one which a mutant has stopped. */
const DURATIONS = "durations.json";

/**
 * The name for what runs between the tests, while they are collected. No mutant is switched on then: that it comes by there makes it
 * none of those that need a new process, which are many times as slow.
 */
const COLLECTING = "(collecting)";

const TEST_API = new URL("./test-api.ts", import.meta.url).href;

/** Stryker's switches and counters, which the mutated modules look at. */
const switches: InstrumenterContext = {};
Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: switches });

const patiently = async (run: () => unknown): Promise<void> => {
  const running = run();
  if (!(running instanceof Promise)) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("waits for what does not come")), PATIENCE);
  });
  try {
    await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Runs the tests of a package in this process, over and over, with another mutant switched on each time: modules are loaded once.
 * (A mutant of what is done while they are loaded gets a new process from Stryker.)
 */
class InProcessRunner implements TestRunner {
  #tests: readonly CollectedTest[] | undefined;
  /** What each test took, and how many mutants it noticed: the quickest way to notice one is tried first. */
  readonly #durations = new Map<string, number>();
  readonly #noticed = new Map<string, number>();

  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: false };
  }

  init(): Promise<void> {
    // The same examples in each run, for a second at most (the switches make hot loops ten times as slow), and no search for a smaller
    // one: that a test fails is enough.
    configureGlobal({ seed: 1, endOnFailure: true, interruptAfterTimeLimit: 1_000 });
    if (existsSync(DURATIONS)) {
      for (const [id, ms] of JSON.parse(readFileSync(DURATIONS, "utf8")))
        this.#durations.set(id, ms);
    }
    const tests = pathToFileURL(resolve("packages")).href;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === "vitest" && context.parentURL?.startsWith(tests) === true
          ? { url: TEST_API, shortCircuit: true }
          : next(specifier, context),
    });
    return Promise.resolve();
  }

  async dryRun(): Promise<DryRunResult> {
    const tests: TestResult[] = [];
    for (const test of await this.#load()) tests.push(await this.#run(test));
    writeFileSync(DURATIONS, JSON.stringify([...this.#durations]));
    const mutantCoverage = switches.mutantCoverage as MutantCoverage;
    delete mutantCoverage.perTest[COLLECTING];
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, testFilter, hitLimit, mutantActivation } = options;
    const tests: TestResult[] = [];
    switches.hitLimit = hitLimit as number;
    switches.hitCount = 0;
    if (mutantActivation === "runtime") await this.#load();
    switches.activeMutant = activeMutant.id;
    try {
      const all = await this.#load();
      const chosen = testFilter && new Set(testFilter);
      const some = chosen === undefined ? all : all.filter(({ id }) => chosen.has(id));
      for (const test of this.#quickestFirst(some)) {
        const result = await this.#run(test);
        tests.push(result);
        if (result.status === TestStatus.Failed) break;
      }
    } catch (error) {
      // While the modules were loaded.
      return toMutantRunResult({ status: DryRunStatus.Error, errorMessage: String(error) });
    } finally {
      delete switches.activeMutant;
    }
    const endless = determineHitLimitReached(switches.hitCount, hitLimit);
    return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests });
  }

  async #load(): Promise<readonly CollectedTest[]> {
    if (this.#tests !== undefined) return this.#tests;
    const { collect } = (await import(TEST_API)) as typeof import("./test-api.ts");
    const name = process.env["XENKIT_MUTATE"] ?? "";
    await import(pathToFileURL(resolve("packages", name, "src/index.ts")).href);
    const folder = join("packages", name, "test");
    const tests: CollectedTest[] = [];
    switches.currentTestId = COLLECTING;
    for (const file of globSync("*.test.ts", { cwd: folder }).sort()) {
      if (EXCLUDED.has(basename(file, ".test.ts"))) continue;
      tests.push(...(await collect(name, () => import(pathToFileURL(resolve(folder, file)).href))));
    }
    delete switches.currentTestId;
    this.#tests = tests;
    return tests;
  }

  async #run({ id, run }: CollectedTest): Promise<TestResult> {
    const cpu = process.cpuUsage();
    const begin = performance.now();
    const result = { id, name: id, timeSpentMs: 0 };
    switches.currentTestId = id;
    try {
      await patiently(run);
      const { user, system } = process.cpuUsage(cpu);
      if (switches.activeMutant === undefined) this.#durations.set(id, (user + system) / 1000);
      return { ...result, timeSpentMs: performance.now() - begin, status: TestStatus.Success };
    } catch (error) {
      this.#noticed.set(id, (this.#noticed.get(id) ?? 0) + 1);
      return { ...result, status: TestStatus.Failed, failureMessage: String(error) };
    } finally {
      delete switches.currentTestId;
    }
  }

  #quickestFirst(tests: readonly CollectedTest[]): readonly CollectedTest[] {
    const duration = ({ id }: CollectedTest): number => this.#durations.get(id) ?? 1;
    const cost = (test: CollectedTest): number =>
      duration(test) / (1 + (this.#noticed.get(test.id) ?? 0));
    let spent = 0;
    return tests
      .toSorted((a, b) => cost(a) - cost(b))
      .filter((test) => {
        spent += duration(test);
        return spent <= BUDGET;
      });
  }
}

export const strykerPlugins: readonly unknown[] = [
  declareClassPlugin(PluginKind.TestRunner, "in-process", InProcessRunner),
];
