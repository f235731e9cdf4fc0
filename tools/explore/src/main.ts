import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Failure, replay, search } from "@xenkit/testkit";
import type { Program } from "./program.ts";
import { DEEP, LARGE, SOUND, SWITCHES } from "./programs.ts";
import { switchTable } from "./switch-table.ts";
import { systemOf } from "./system.ts";
import { storyOf } from "./trace.ts";

const USAGE = `npm run explore                     every program, and every switch: about a minute
npm run explore -- --deep           the other programs of twelve operations: minutes, and gigabytes
npm run explore -- --switch NAME    one switch: its trace (${SWITCHES.map(({ program }) => program.name).join(", ")})
npm run explore -- --replay FILE    a run that was written with --save, or by a failure
npm run explore -- --table          the table of the README
  --save FILE   writes the run that fails
  --full        without partial-order reduction
Exit status: 0 as it should be, 1 not so, 2 usage.`;

/** Ends the program: it was called with what it cannot do. */
const refuse = (message: string): never => {
  console.error(message);
  process.exit(2);
};

const read = () => {
  try {
    return parseArgs({
      options: {
        switch: { type: "string" },
        replay: { type: "string" },
        save: { type: "string" },
        deep: { type: "boolean", default: false },
        table: { type: "boolean", default: false },
        full: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\n${USAGE}`);
  }
};

const values = read();
const reduction = values.full ? "none" : "persistent";

const save = (file: string, program: Program, failure: Failure): void => {
  writeFileSync(file, `${JSON.stringify({ program, path: failure.path })}\n`);
  console.log(`npm run explore -- --replay ${file}`);
};

/** A run as {@link save} wrote it, played. */
const playFile = (file: string) => {
  try {
    const { program, path } = JSON.parse(readFileSync(file, "utf8")) as {
      program: Program;
      path: number[];
    };
    const system = systemOf(program);
    return { program, path, system, world: replay(system, path) };
  } catch (error) {
    return refuse(`${file} is no run that this can play: ${(error as Error).message}`);
  }
};

const replayFile = (file: string): void => {
  const { program, path, system, world } = playFile(file);
  const broken = system.broken(world, system.moves(world).length === 0);
  if (broken === undefined) console.log("all properties hold at the end of this run");
  else console.log(storyOf(program, { ...broken, path }));
};

const exploreSwitch = (name: string): boolean => {
  const found = SWITCHES.find(({ program }) => program.name === name);
  if (found === undefined) return refuse(`no switch is called ${name}\n${USAGE}`);
  const { failures, states } = search(systemOf(found.program), { reduction });
  console.log(`${found.name}: ${states} states`);
  for (const failure of failures) {
    console.log(storyOf(found.program, failure));
    if (values.save !== undefined) save(values.save, found.program, failure);
  }
  return failures.some(({ property }) => property === found.breaks);
};

const exploreProgram = (program: Program): boolean => {
  const begun = performance.now();
  const { states, transitions, depth, isBounded, failures } = search(systemOf(program), {
    reduction,
  });
  const holds = failures.length === 0 && isBounded;
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(
    `${holds ? "holds" : "FAILS"}  ${program.name}: ${program.cpus.flat().length} operations, ${states} states, ${transitions} transitions, depth ${depth}, ${seconds} s`,
  );
  for (const failure of failures) {
    console.log(storyOf(program, failure));
    save(values.save ?? "explore-failure.json", program, failure);
  }
  return holds;
};

/** Every one, also after one that fails. */
const exploreAll = (): boolean => {
  const programs = values.deep ? DEEP : [...SOUND, ...LARGE];
  const switches = values.deep ? [] : SWITCHES;
  return [
    ...programs.map(exploreProgram),
    ...switches.map(({ program }) => exploreSwitch(program.name)),
  ].every((holds) => holds);
};

if (values.help) console.log(USAGE);
else if (values.table) console.log(switchTable());
else if (values.replay !== undefined) replayFile(values.replay);
else {
  const holds = values.switch === undefined ? exploreAll() : exploreSwitch(values.switch);
  process.exitCode = holds ? 0 : 1;
}
