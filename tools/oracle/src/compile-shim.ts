import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { OracleError } from "./oracle-error.ts";

const SOURCES = join(import.meta.dirname, "../shim");
const CACHE = join(import.meta.dirname, "../node_modules/.cache/shim");
const FLAGS = [
  ...["-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"],
  // The libraries' functions have parameters that say nothing here.
  ...["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"],
];

/**
 * The preload library, compiled when its sources are new. Many processes may ask at once.
 *
 * @returns Its absolute path.
 * @throws OracleError `shim-not-compiled`.
 */
export const compileShim = async (): Promise<string> => {
  const names = (await readdir(SOURCES)).sort();
  const hash = createHash("sha256").update(FLAGS.join());
  for (const name of names) hash.update(name).update(await readFile(join(SOURCES, name)));
  const target = join(CACHE, `${hash.digest("hex").slice(0, 16)}.so`);
  if (existsSync(target)) return target;

  await mkdir(CACHE, { recursive: true });
  const partial = `${target}.${randomUUID()}`;
  const files = names.filter((name) => name.endsWith(".c")).map((name) => join(SOURCES, name));
  try {
    await promisify(execFile)("gcc", [...FLAGS, "-o", partial, ...files]);
  } catch (error) {
    throw notCompiled(error);
  }
  await rename(partial, target);
  return target;
};

const notCompiled = (cause: unknown): OracleError => {
  const output = cause instanceof Error ? cause.message : String(cause);
  return new OracleError("shim-not-compiled", `gcc: ${output}`, { output }, { cause });
};
