import process from "node:process";
import { parseArgs } from "node:util";
import { failureText } from "./failure.ts";
import { FAULTS } from "./faults.ts";
import { Simulation } from "./simulation.ts";

const USAGE = `npm run simulate -- [--seed S] [--seeds N] [--minutes M] [--steps N]
  --seed S      the first seed; left out: a fresh one, printed
  --seeds N     how many seeds, one after the other: S, S + 1, … (1; without end if --minutes is given)
  --minutes M   stops after this time (no limit)
  --steps N     steps of each seed (200,000)
Exit status: 0 everything holds, 1 something does not, 2 usage.`;

interface Wanted {
  readonly first: number;
  readonly seeds: number;
  readonly minutes: number;
  readonly steps: number;
}

/** @throws Error that says what is wrong: a run of no seeds would say that everything holds. */
const read = (): Wanted | "help" => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      steps: { type: "string", default: "200000" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { seed, seeds, minutes, steps } = values;
  return {
    first: seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole("--seed", seed, 0),
    seeds:
      seeds === undefined
        ? minutes === undefined
          ? 1
          : Number.POSITIVE_INFINITY
        : whole("--seeds", seeds, 1),
    minutes: minutes === undefined ? Number.POSITIVE_INFINITY : positive("--minutes", minutes),
    steps: whole("--steps", steps, 1),
  };
};

const whole = (option: string, text: string, min: number): number => {
  if (/^\d{1,15}$/.test(text) && Number(text) >= min) return Number(text);
  throw new Error(`${option} is a whole number from ${min} on, not "${text}"`);
};

const positive = (option: string, text: string): number => {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`${option} is a number above 0, not "${text}"`);
};

/** All is quiet, and is looked at, after so many steps. */
const ROUND = 5_000;
/** After so many steps each fault should have happened. */
const MANY = 3_000_000;

/** What happened, by name, in all seeds. */
const totals = new Map<string, number>();

/** @returns How many steps were taken; undefined: something does not hold. */
const simulate = (seed: number, steps: number): number | undefined => {
  const simulation = new Simulation(seed);
  const { history } = simulation;
  try {
    while (history.steps < steps) simulation.run(ROUND);
  } catch (error) {
    console.log(failureText({ seed, steps }, history, error));
    return undefined;
  }
  for (const [what, count] of history.counts) totals.set(what, (totals.get(what) ?? 0) + count);
  return history.steps;
};

const main = ({ first, seeds, minutes, steps: each }: Wanted): void => {
  const began = Date.now();
  const deadline = began + minutes * 60_000;
  let steps = 0;
  for (let at = first; at < first + seeds && Date.now() < deadline; at += 1) {
    const taken = simulate(at, each);
    if (taken === undefined) {
      process.exitCode = 1;
      return;
    }
    steps += taken;
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`seeds from ${first}: ${steps} steps in ${seconds} s, everything holds`);
  for (const [what, times] of [...totals].sort()) console.log(`  ${what}: ${times}`);
  const missing = FAULTS.filter((fault) => !totals.has(fault));
  if (steps < MANY || missing.length === 0) return;
  console.log(`only on paper: ${missing.join("; ")}`);
  process.exitCode = 1;
};

const wanted = (): Wanted | "help" | undefined => {
  try {
    return read();
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return undefined;
  }
};

const options = wanted();
if (options === undefined) process.exitCode = 2;
else if (options === "help") console.log(USAGE);
else main(options);
