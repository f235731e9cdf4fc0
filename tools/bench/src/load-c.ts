import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import koffi from "koffi";

const CACHE = join(import.meta.dirname, "../node_modules/.cache/c");
const FLAGS = ["-O3", "-march=native", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"];

/** Calls into C cost tens of nanoseconds: let the C function do the loop, and the timing too. */
type Functions<T> = { readonly [K in keyof T]: (...args: unknown[]) => number };

/**
 * Compiles a C file as a shared library and loads functions of it.
 *
 * @param file - The source. Compiled once for each content.
 * @param prototypes - C prototypes by function name, for example `{ take: "double take(int bits)" }`.
 */
export const loadC = <T extends Readonly<Record<string, string>>>(
  file: URL,
  prototypes: T,
): Functions<T> => {
  const library = koffi.load(compile(fileURLToPath(file)));
  const loaded = Object.entries(prototypes).map(([name, prototype]) => [
    name,
    library.func(prototype),
  ]);
  return Object.fromEntries(loaded) as Functions<T>;
};

const compile = (source: string): string => {
  const hash = createHash("sha256").update(readFileSync(source)).update(FLAGS.join()).digest("hex");
  const target = join(CACHE, `${hash.slice(0, 16)}.so`);
  if (existsSync(target)) return target;
  mkdirSync(CACHE, { recursive: true });
  const partial = `${target}.${process.pid}`;
  try {
    execFileSync("gcc", [...FLAGS, source, "-o", partial], {
      stdio: ["ignore", "inherit", "inherit"],
    });
  } catch (cause) {
    throw new Error(`cannot compile ${source}: the C contenders of a bench need gcc`, { cause });
  }
  renameSync(partial, target);
  return target;
};
