import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { applied, mutantsOf } from "./mutants.ts";

const USAGE = `node --conditions=@xenkit/source tools/mutate/src/main.ts PACKAGE [--sample N] [--seed S]
  --sample N   so many mutants, chosen by the seed (all)
  --seconds N  a run that takes longer counts as noticed (60)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    seconds: { type: "string", default: "60" },
  },
});

const root = join(import.meta.dirname, "../../..");

/** A copy of the package beside links to all else: nobody's files are changed. */
const copyOf = (name: string): string => {
  const copy = mkdtempSync(join(tmpdir(), "xenkit-mutate-"));
  for (const file of ["package.json", "vitest.config.ts", "tsconfig.base.json"]) {
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  cpSync(join(root, "tools/testkit"), join(copy, "tools/testkit"), {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  for (const part of ["src", "test", "package.json", "tsconfig.json", "README.md"]) {
    cpSync(join(root, "packages", name, part), join(copy, "packages", name, part), {
      recursive: true,
    });
  }
  const modules = join(root, "packages", name, "node_modules");
  if (existsSync(modules)) symlinkSync(modules, join(copy, "packages", name, "node_modules"));
  return copy;
};

/** Fisher and Yates, by a seed. */
const shuffled = <T>(list: readonly T[], seed: number): T[] => {
  const mixed = [...list];
  let state = seed >>> 0;
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = state % (at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
};

const mutate = (name: string): void => {
  const copy = copyOf(name);
  const src = join(copy, "packages", name, "src");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const notices = (): boolean => {
    const args = [
      vitest,
      "run",
      "--root",
      copy,
      "--project",
      name,
      "--bail",
      "1",
      "--exclude",
      "**/readme.test.ts",
    ];
    const timeout = Number(values.seconds) * 1000;
    return spawnSync(process.execPath, args, { cwd: copy, timeout, stdio: "ignore" }).status !== 0;
  };
  try {
    if (notices()) throw new Error("the tests fail without any change");
    const files = readdirSync(src).filter((file) => file.endsWith(".ts") && file !== "index.ts");
    const all = files.flatMap((file) => {
      const source = readFileSync(join(src, file), "utf8");
      return mutantsOf(source).map((mutant) => ({ file, source, mutant }));
    });
    const chosen = shuffled(all, Number(values.seed)).slice(0, Number(values.sample ?? all.length));
    let noticed = 0;
    const report = (of: number): string => {
      const score = ((100 * noticed) / of).toFixed(1);
      return `${name}: ${noticed} of ${of} mutants noticed, ${score} % (of ${all.length} there are)`;
    };
    for (const [at, { file, source, mutant }] of chosen.entries()) {
      writeFileSync(join(src, file), applied(source, mutant));
      const seen = notices();
      writeFileSync(join(src, file), source);
      if (seen) noticed += 1;
      else
        console.log(
          `survives: ${file}:${mutant.line} ${mutant.before.trim()} => ${mutant.after.trim()}`,
        );
      // So that a run which is interrupted has said how far it came.
      if (at % 10 === 9) console.log(report(at + 1));
    }
    console.log(report(chosen.length));
  } finally {
    rmSync(copy, { recursive: true });
  }
};

const [name] = positionals;
if (name === undefined) console.log(USAGE);
else mutate(name);
