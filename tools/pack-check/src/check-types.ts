import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import type { Manifest } from "./public-packages.ts";

/** The ways to resolve a module that packages without CommonJS do not serve: the profile `esm-only` of attw. */
const IGNORED: readonly string[] = ["node10", "node16-cjs"];

/** Are the types wrong? The findings of attw for an ESM-only package. */
export const checkTypes = async (manifest: Manifest, tarball: Uint8Array): Promise<string[]> => {
  const entries = Object.keys(manifest.exports ?? {}).filter((name) => name !== "./package.json");
  if (entries.length === 0) return [];
  const analysis = await checkPackage(createPackageFromTarballData(tarball), {
    entrypoints: entries,
  });
  if (analysis.types === false) return ["attw: no types"];
  return analysis.problems
    .filter((problem) => !("resolutionKind" in problem && IGNORED.includes(problem.resolutionKind)))
    .map((problem) => `attw: ${JSON.stringify(problem)}`);
};
