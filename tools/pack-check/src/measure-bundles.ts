import { join } from "node:path";
import presetSmallLib from "@size-limit/preset-small-lib";
import sizeLimit from "size-limit";
import type { PublicPackage } from "./public-packages.ts";

/** Left to the runtime: not part of a bundle. */
const RUNTIME = ["node"];

/**
 * The size of each package's root entry in a bundle with all that it imports, minified and gzipped, in bytes.
 *
 * Packages without a root entry have none.
 */
export const measureBundles = async (
  packages: readonly PublicPackage[],
): Promise<ReadonlyMap<string, number>> => {
  const entries = packages.flatMap(({ folder, path, manifest }) => {
    const target = manifest.exports?.["."];
    const file = typeof target === "string" ? target : target?.["default"];
    return file === undefined ? [] : [{ folder, file: join(path, file) }];
  });
  const checks = entries.map(({ folder, file }) => ({
    name: folder,
    files: [file],
    gzip: true,
    ignore: RUNTIME,
  }));
  const results = (await sizeLimit(presetSmallLib, { checks })) as { size: number }[];
  return new Map(entries.map(({ folder }, index) => [folder, results[index]?.size ?? 0]));
};
