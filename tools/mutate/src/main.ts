import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { changedSince } from "./changed-lines.ts";
import { foundMutants } from "./found-mutant.ts";
import { keyOf, knownSurvivors } from "./known-survivors.ts";
import { refusedByTypes } from "./refused-by-types.ts";
import { ROOT, runStryker } from "./run-stryker.ts";
import { keepSample } from "./sample.ts";
import { rowOf, scoreOf } from "./score.ts";

const USAGE = `npm run mutate -- PACKAGE      every mutant of packages/PACKAGE/src
  --file NAME      of this file only (may be given again)
  --changed        of the lines that differ from main only
  --sample N       so many of them, chosen by the seed
  --seed S         (1)
  --processes N    how many run at a time (1)
  --remember FILE  keep what was found in this file, and take from it what cannot have changed

Exit status: 0 every survivor is listed in tools/mutate/survivors, 1 one is not, 2 usage.`;

const read = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      file: { type: "string", multiple: true, default: [] },
      changed: { type: "boolean", default: false },
      sample: { type: "string" },
      seed: { type: "string", default: "1" },
      processes: { type: "string", default: "1" },
      remember: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [name = "", ...more] = positionals;
  const src = join(ROOT, "packages", name, "src");
  if (name === "" || more.length > 0 || !existsSync(src)) throw new Error(`no package "${name}"`);
  const all = readdirSync(src).filter((file) => file.endsWith(".ts"));
  const files = values.file.length === 0 ? all : values.file;
  const missing = files.find((file) => !all.includes(file));
  if (missing !== undefined) throw new Error(`packages/${name}/src has no file "${missing}"`);
  const count = (option: string, text: string): number => {
    if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${option} ${text} is not a number from 1 on`);
    return Number(text);
  };
  return {
    name,
    files: files.map((file) => `packages/${name}/src/${file}`),
    changed: values.changed,
    sample: values.sample === undefined ? undefined : count("sample", values.sample),
    seed: count("seed", values.seed),
    processes: count("processes", values.processes),
    remember: values.remember,
  };
};

const mutate = async (options: ReturnType<typeof read>): Promise<boolean> => {
  const { name, files, sample, seed, processes, remember } = options;
  const folder = join(ROOT, "packages", name);
  const patterns = options.changed
    ? changedSince(ROOT, `packages/${name}/src`).filter((pattern) =>
        files.some((file) => pattern.startsWith(`${file}:`)),
      )
    : files;
  if (patterns.length === 0) {
    console.log(`${name}: nothing has changed`);
    return true;
  }
  if (sample !== undefined) {
    const sources = files.map((file) => join(ROOT, file));
    const read = (file: string) => ({ name: file, content: readFileSync(file, "utf8") });
    await keepSample(sources.map(read), sample, seed);
  }
  const begin = performance.now();
  const results = await runStryker({
    name,
    patterns,
    processes,
    ...(remember === undefined ? {} : { remembered: resolve(remember) }),
  });
  const all = foundMutants(folder, results);
  const refused = refusedByTypes(ROOT, name, all);
  const score = scoreOf(
    all.filter((mutant) => !refused.has(mutant)),
    knownSurvivors(name),
  );
  for (const mutant of score.unknown) {
    const { file, line } = mutant;
    console.log(`survives: packages/${name}/${file}:${line}\n  ${keyOf(mutant)}`);
  }
  for (const mutant of score.noticed) console.log(`listed, but noticed: ${keyOf(mutant)}`);
  console.log(
    `${refused.size} of ${all.length} mutants are refused by TypeScript and not counted.\n` +
      "| package | mutants | killed | timed out | survived | of them equivalent | score | without the equivalent | minutes |\n" +
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n" +
      rowOf(name, score, (performance.now() - begin) / 60_000),
  );
  return score.unknown.length === 0;
};

const options = ((): ReturnType<typeof read> | undefined => {
  if (process.argv.includes("--help")) {
    console.log(USAGE);
    return undefined;
  }
  try {
    return read();
  } catch (error) {
    console.error(`mutate: ${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
})();
if (options !== undefined) process.exitCode = (await mutate(options)) ? 0 : 1;
