import process from "node:process";
import { parseArgs } from "node:util";
import { Simulation } from "./simulation.ts";

const USAGE = `npm run simulate -- [--seed S] [--seeds N] [--minutes M] [--steps N]
  --seed S      the first seed; left out: a fresh one, printed
  --seeds N     how many seeds, one after the other: S, S + 1, … (1)
  --minutes M   stops after this time (no limit)
  --steps N     steps of each seed (200,000)`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1" },
    minutes: { type: "string" },
    steps: { type: "string", default: "200000" },
    help: { type: "boolean", default: false },
  },
});

/** All is quiet, and is looked at, after so many steps. */
const ROUND = 5_000;

const simulate = (): void => {
  const began = Date.now();
  const first =
    values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
  const deadline =
    values.minutes === undefined ? Infinity : began + Number(values.minutes) * 60_000;
  const totals = new Map<string, number>();
  let steps = 0;
  for (let seed = first; seed < first + Number(values.seeds) && Date.now() < deadline; seed += 1) {
    const simulation = new Simulation(seed);
    try {
      while (simulation.steps < Number(values.steps)) simulation.run(ROUND);
      steps += simulation.steps;
      for (const [what, count] of simulation.counts)
        totals.set(what, (totals.get(what) ?? 0) + count);
    } catch (error) {
      console.log(`seed ${seed} fails: npm run simulate -- --seed ${seed} --steps ${values.steps}`);
      console.log(String((error as Error).stack));
      console.log(`the last before step ${simulation.steps}:`);
      for (const line of simulation.history.last) console.log(`  ${line}`);
      process.exitCode = 1;
      return;
    }
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`seeds from ${first}: ${steps} steps in ${seconds} s, everything holds`);
  for (const [what, count] of [...totals].sort()) console.log(`  ${what}: ${count}`);
};

if (values.help) console.log(USAGE);
else simulate();
