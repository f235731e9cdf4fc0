import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Figures, figuresOf, type ProcessSamples } from "./figures.ts";
import { machine } from "./machine.ts";
import type { Row } from "./row.ts";
import { type Target, targetLines } from "./target.ts";

/** One bench: who runs, what counts as right, and what must be reached. */
export interface BenchOptions {
  /** The table is written to `NAME.md` beside the bench. */
  readonly name: string;
  readonly title: string;
  /** What the figures count, for example `ns per bit`. */
  readonly unit: string;
  /** Ratios in the table are to this contender. */
  readonly baseline: string;
  /** Throws unless all contenders agree. Runs in each process, before anything is timed. */
  readonly verify: () => void | Promise<void>;
  /** Makes the rows; called once in each process. */
  readonly rows: () => readonly Row[] | Promise<readonly Row[]>;
  readonly targets?: readonly Target[];
  /** How many rounds count in each process, where a sample takes long. Default 21. */
  readonly rounds?: number;
  /** Text under the table. */
  readonly notes?: string;
}

const CHILD = "XENKIT_BENCH_CHILD";
const QUICK = process.env["XENKIT_BENCH_QUICK"] === "1";
const PROCESSES = QUICK ? 1 : 3;
const ROUNDS = QUICK ? 7 : 21;
/** Rounds before the first that counts, so that the optimiser has seen every contender. */
const WARM_UP_ROUNDS = QUICK ? 3 : 6;

/**
 * Runs the contenders side by side and writes the table.
 *
 * The contenders are interleaved (A B C A B C …) within a process, so that a slow moment of the machine hits all
 * of them; the optimiser's choices differ from process to process, so several processes run, one after another.
 *
 * @param meta - `import.meta` of the bench: it starts itself again as its measuring processes.
 * @returns The figures, for what is made of them besides the table; undefined in a measuring process.
 */
export const bench = async (
  meta: ImportMeta,
  options: BenchOptions,
): Promise<Figures | undefined> => {
  if (process.env[CHILD] !== undefined) {
    process.stdout.write(JSON.stringify(await measure(options)));
    return undefined;
  }
  const samples: ProcessSamples[] = [];
  for (let index = 0; index < PROCESSES; index += 1) {
    process.stderr.write(`${options.name}: process ${index + 1} of ${PROCESSES}\n`);
    samples.push(await measureInChild(fileURLToPath(meta.url)));
  }
  const figures = figuresOf(samples);
  const table = render(options, figures, fileURLToPath(meta.url));
  process.stdout.write(`${table}\n`);
  if (!QUICK) await writeFile(new URL(`./${options.name}.md`, meta.url), table);
  return figures;
};

const measureInChild = async (file: string): Promise<ProcessSamples> => {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file], {
    env: { ...process.env, [CHILD]: "1" },
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as ProcessSamples;
};

const measure = async (options: BenchOptions): Promise<ProcessSamples> => {
  await options.verify();
  const result: Record<string, Record<string, number[]>> = {};
  const { rounds, warmUpRounds } = roundsOf(options);
  for (const row of await options.rows()) {
    const entries = Object.entries(row.contenders);
    const lists: Record<string, number[]> = {};
    for (const [name] of entries) lists[name] = [];
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      for (const [name, sampler] of entries) {
        const time = await sampler();
        if (round >= 0) lists[name]?.push(time);
      }
    }
    result[row.name] = lists;
  }
  return result;
};

/** Few rounds need few to warm up. */
const roundsOf = ({ rounds = ROUNDS }: BenchOptions): { rounds: number; warmUpRounds: number } => ({
  rounds: Math.min(rounds, ROUNDS),
  warmUpRounds: rounds < ROUNDS ? 1 : WARM_UP_ROUNDS,
});

const render = (options: BenchOptions, figures: Figures, file: string): string => {
  const contenders = figures.contenders();
  const cell = (row: string, contender: string): string => {
    const time = figures.time(row, contender);
    const ratio = figures.ratio(row, contender, options.baseline);
    if (time === undefined) return "–";
    return ratio === undefined ? showTime(time) : `${showTime(time)} (${showRatio(ratio)})`;
  };
  const lines = [
    `# ${options.title}`,
    "",
    `${options.unit}; in brackets the ratio to ${options.baseline}, of the same round.`,
    "",
    `| | ${figures.rows().join(" | ")} |`,
    `|---|${figures
      .rows()
      .map(() => "---:|")
      .join("")}`,
    ...contenders.map(
      (name) =>
        `| ${name} | ${figures
          .rows()
          .map((row) => cell(row, name))
          .join(" | ")} |`,
    ),
  ];
  if (options.targets !== undefined && options.targets.length > 0) {
    lines.push("", "| row | contender | target | measured | |", "|---|---|---:|---:|---|");
    lines.push(...targetLines(options.targets, figures));
  }
  if (options.notes !== undefined) lines.push("", options.notes);
  lines.push(
    "",
    `Medians of ${roundsOf(options).rounds} interleaved rounds in each of ${PROCESSES} processes. ${machine()}. Made by \`npm run bench -- ${packageOf(file)}\` (${basename(file)}).`,
    "",
  );
  return lines.join("\n");
};

const packageOf = (file: string): string => file.split("/").slice(-3)[0] ?? "";

const showTime = (time: number): string =>
  time >= 100 ? Math.round(time).toLocaleString("en-US") : time.toPrecision(time >= 10 ? 3 : 2);

const showRatio = (ratio: number): string =>
  `${ratio >= 100 ? Math.round(ratio).toLocaleString("en-US") : ratio.toPrecision(2)} ×`;
