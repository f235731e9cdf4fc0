import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { FoundMutant } from "./found-mutant.ts";

const OPTIONS = {
  noEmit: true,
  composite: false,
  // A mutant may leave something unused; that is no error of types.
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowUnreachableCode: true,
};

/** The files of the package that have errors. */
const filesWithErrors = (root: string, folder: string): ReadonlySet<string> => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    return new Set();
  } catch (error) {
    const { stdout } = error as { readonly stdout: string };
    return new Set(
      [...stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, file = ""]) => file),
    );
  }
};

/**
 * Which mutants TypeScript refuses: nobody could write them. One mutant of each file is looked at together with one of each other file;
 * as every export says its type, an error is in the file whose mutant is to blame.
 */
export const refusedByTypes = (
  root: string,
  name: string,
  mutants: readonly FoundMutant[],
): ReadonlySet<FoundMutant> => {
  const copy = mkdtempSync(join(tmpdir(), "xenkit-mutate-types-"));
  const folder = join(copy, "packages", name);
  const original = join(root, "packages", name);
  const refused = new Set<FoundMutant>();
  try {
    mkdirSync(folder, { recursive: true });
    for (const part of ["src", "package.json"]) {
      cpSync(join(original, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(original, "node_modules"), join(folder, "node_modules"));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(original, "tsconfig.json"),
        compilerOptions: OPTIONS,
        include: ["src"],
      }),
    );
    if (filesWithErrors(root, folder).size > 0) throw new Error(`${name} has type errors already`);
    const waiting = new Map<string, FoundMutant[]>();
    for (const mutant of mutants) {
      waiting.set(mutant.file, [...(waiting.get(mutant.file) ?? []), mutant]);
    }
    for (let round = 0; [...waiting.values()].some((list) => round < list.length); round += 1) {
      for (const [file, list] of waiting) {
        const mutant = list[round];
        if (mutant !== undefined) writeFileSync(join(folder, file), mutant.applied);
        else if (round === list.length) cpSync(join(original, file), join(folder, file));
      }
      const files = filesWithErrors(root, folder);
      for (const [file, list] of waiting) {
        const mutant = list[round];
        if (mutant !== undefined && files.has(file)) refused.add(mutant);
      }
    }
    return refused;
  } finally {
    rmSync(copy, { recursive: true });
  }
};
