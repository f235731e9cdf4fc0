import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { apiReport } from "./api-report.ts";
import { checkLeaks } from "./check-leaks.ts";
import { checkManifest } from "./check-manifest.ts";
import { checkPublint } from "./check-publint.ts";
import { checkTypes } from "./check-types.ts";
import { pack } from "./pack.ts";
import type { Manifest, PublicPackage } from "./public-packages.ts";
import { readTarball } from "./read-tarball.ts";

/** What packing one package showed. */
export interface Checked {
  readonly problems: readonly string[];
  /** Of the tarball, in bytes. */
  readonly packed: number;
  readonly files: number;
}

const expected = join(import.meta.dirname, "../expected");

/** Packs one built package and checks all that a user would get. */
export const checkPackage = async (
  pkg: PublicPackage,
  { scratch, compare }: { scratch: string; compare: typeof compareText },
): Promise<Checked> => {
  const tarball = await readFile(await pack(pkg, scratch));
  const files = readTarball(tarball);
  const manifest = JSON.parse(
    Buffer.from(files.get("package.json")?.bytes ?? []).toString("utf8"),
  ) as Manifest;
  // A package has no changelog before its second version.
  const names = [...files.keys()].filter((name) => name !== "CHANGELOG.md");
  const problems = [
    ...checkManifest(pkg.folder, manifest, files),
    ...checkLeaks(files),
    ...(await checkPublint(manifest, tarball)),
    ...(await checkTypes(manifest, tarball)),
    ...(await compare(join(expected, `${pkg.folder}.files.txt`), `${names.join("\n")}\n`)),
    ...(await compare(join(expected, `${pkg.folder}.api.txt`), apiReport(pkg))),
  ];
  return { problems, packed: tarball.length, files: files.size };
};

/** Tells where `text` differs from what the file holds. */
export const compareText = async (file: string, text: string): Promise<string[]> => {
  const was = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (was === text) return [];
  const before = was.split("\n");
  const after = text.split("\n");
  const gone = before.filter((line) => !after.includes(line)).map((line) => `    - ${line}`);
  const come = after.filter((line) => !before.includes(line)).map((line) => `    + ${line}`);
  const shown = [...gone, ...come].slice(0, 40);
  return [[`${file.split("/").slice(-1)[0]} differs:`, ...shown].join("\n")];
};

/** Writes `text`; there is nothing to differ from. */
export const rewriteText: typeof compareText = async (file, text) => {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return [];
};
