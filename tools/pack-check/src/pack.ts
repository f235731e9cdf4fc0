import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PublicPackage } from "./public-packages.ts";
import { run } from "./run.ts";

/**
 * Packs a built package as a release would: with pnpm, which puts versions in place of `workspace:` and `catalog:`.
 *
 * @param destination - A folder; made if missing.
 * @returns The path of the tarball.
 */
export const pack = async (
  { path, manifest }: PublicPackage,
  destination: string,
): Promise<string> => {
  await mkdir(destination, { recursive: true });
  await run(["pnpm", "pack", "--pack-destination", destination], { cwd: path });
  const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
  const tarball = join(destination, file);
  readFileSync(tarball); // it is where we say, or this throws
  return tarball;
};
