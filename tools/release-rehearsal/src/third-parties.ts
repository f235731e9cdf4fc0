import { existsSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { type Manifest, run } from "@xenkit/pack-check";
import { must } from "./rehearsal-error.ts";

/** Somebody else's package, as installed here. */
export interface ThirdParty {
  readonly manifest: Manifest;
  /** Its folder, absolute. */
  readonly path: string;
}

/**
 * Everything that the packages of others in `wanted` need at run time, and those themselves; each version once.
 *
 * @param from - A folder of the workspace; names are resolved from there as Node does.
 */
export const thirdParties = (from: string, wanted: readonly string[]): ThirdParty[] => {
  const found = new Map<string, ThirdParty>();
  const visit = (name: string, by: string, required: boolean): void => {
    const path = resolvePackage(name, by);
    must(path !== undefined || !required, `${name}, which ${by} depends on, is not installed`);
    if (path === undefined || found.has(path)) return;
    const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Manifest;
    found.set(path, { manifest, path });
    for (const each of Object.keys(manifest.dependencies ?? {})) visit(each, path, true);
    for (const each of Object.keys(manifest.optionalDependencies ?? {})) visit(each, path, false);
    for (const each of Object.keys(manifest.peerDependencies ?? {})) visit(each, path, false);
  };
  for (const name of wanted) visit(name, from, true);
  return [...found.values()];
};

/** The tarball of an installed package, made of the files that its own tarball had. */
export const repack = async (
  { manifest, path }: ThirdParty,
  scratch: string,
): Promise<Uint8Array> => {
  await mkdir(scratch, { recursive: true });
  const file = join(scratch, `${manifest.name.replace("/", "+")}@${manifest.version}.tgz`);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .filter((name) => !name.split(sep).includes("node_modules"));
  await writeFile(`${file}.list`, names.map((name) => `${name}\n`).join(""));
  const args = ["--transform=s,^,package/,", "-C", path, `--files-from=${file}.list`];
  await run(["tar", "-czf", file, ...args], { cwd: scratch });
  return readFile(file);
};

const resolvePackage = (name: string, from: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name);
    if (existsSync(join(path, "package.json"))) return realpathSync(path);
    if (dirname(folder) === folder) return undefined;
  }
};
