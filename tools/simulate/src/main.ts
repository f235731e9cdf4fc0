import process from "node:process";
import { parseArgs } from "node:util";
import { failureText } from "./failure.ts";
import { FAULTS } from "./faults.ts";
import { Simulation } from "./simulation.ts";

const USAGE = `npm run simulate -- [--seed S] [--seeds N] [--minutes M] [--steps N]
  --seed S      the first seed; left out: a fresh one, printed
  --seeds N     how many seeds, one after the other: S, S + 1, … (1; without end if --minutes is given)
  --minutes M   stops after this time (no limit)
  --steps N     steps of each seed (200,000)`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string" },
    steps: { type: "string", default: "200000" },
    help: { type: "boolean", default: false },
  },
});

/** All is quiet, and is looked at, after so many steps. */
const ROUND = 5_000;
/** After so many steps each fault should have happened. */
const MANY = 3_000_000;

/** What happened, by name, in all seeds. */
const totals = new Map<string, number>();

/** @returns How many steps were taken; undefined: something does not hold. */
const simulate = (seed: number): number | undefined => {
  const simulation = new Simulation(seed);
  const { history } = simulation;
  try {
    while (history.steps < Number(values.steps)) simulation.run(ROUND);
  } catch (error) {
    console.log(failureText({ seed, steps: values.steps }, history, error));
    return undefined;
  }
  for (const [what, count] of history.counts) totals.set(what, (totals.get(what) ?? 0) + count);
  return history.steps;
};

const main = (): void => {
  const { seed, seeds, minutes } = values;
  const began = Date.now();
  const first = seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(seed);
  const count = Number(seeds ?? (minutes === undefined ? 1 : Number.POSITIVE_INFINITY));
  const deadline = began + Number(minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  let steps = 0;
  for (let at = first; at < first + count && Date.now() < deadline; at += 1) {
    const taken = simulate(at);
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

if (values.help) console.log(USAGE);
else main();
