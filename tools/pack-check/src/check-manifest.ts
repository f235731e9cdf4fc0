import type { Manifest } from "./public-packages.ts";
import type { PackedFile } from "./read-tarball.ts";

const ENGINES = ">=22.12";
const ALWAYS = ["LICENSE", "README.md", "package.json"];

/** Checks a packed package.json by the rules of the house. */
export const checkManifest = (
  folder: string,
  manifest: Manifest,
  files: ReadonlyMap<string, PackedFile>,
): string[] => {
  const problems: string[] = [];
  const must = (holds: boolean, rule: string): void => {
    if (!holds) problems.push(rule);
  };
  for (const file of ALWAYS) must(files.has(file), `the tarball has no ${file}`);
  must(/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(manifest.version), `version ${manifest.version} is odd`);
  must((manifest.description ?? "").length > 20, "description must say what it is");
  must(manifest.license === "MIT", `license must be "MIT"`);
  must(manifest.type === "module", `type must be "module"`);
  must(manifest.engines?.["node"] === ENGINES, `engines.node must be "${ENGINES}"`);
  must(
    manifest.repository?.directory === `packages/${folder}`,
    `repository.directory must be "packages/${folder}"`,
  );
  must(manifest.publishConfig?.["access"] === "public", `publishConfig.access must be "public"`);
  must(
    manifest.publishConfig?.["provenance"] === undefined,
    "publishConfig.provenance belongs into the release workflow: a release elsewhere would fail",
  );
  const bins = Object.values(manifest.bin ?? {});
  must(
    bins.length > 0 ? sameSet(manifest.sideEffects, bins) : manifest.sideEffects === false,
    bins.length > 0 ? "sideEffects must name the bins only" : "sideEffects must be false",
  );
  problems.push(
    ...checkScripts(manifest),
    ...checkRanges(manifest),
    ...checkTargets(manifest, files),
  );
  return problems;
};

const sameSet = (value: Manifest["sideEffects"], wanted: readonly string[]): boolean =>
  Array.isArray(value) && [...value].sort().join() === [...wanted].sort().join();

/** Nothing of ours runs while a user installs. */
const checkScripts = ({ scripts = {} }: Manifest): string[] =>
  ["preinstall", "install", "postinstall", "prepare"]
    .filter((name) => name in scripts)
    .map((name) => `scripts.${name} would run on the user's machine or at each pack`);

const RANGE = /^(?:[\^~]?\d+\.\d+\.\d+(?:-[\w.]+)?|[\^~]\d+)$/;

const checkRanges = (manifest: Manifest): string[] =>
  (
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const
  ).flatMap((field) =>
    Object.entries(manifest[field] ?? {})
      .filter(([, range]) => !RANGE.test(range))
      .map(([name, range]) => `${field} asks for ${name} "${range}": no range of versions`),
  );

/** `exports` and `bin`: what they name is there, in the order that TypeScript and Node read it. */
const checkTargets = (manifest: Manifest, files: ReadonlyMap<string, PackedFile>): string[] => {
  const problems: string[] = [];
  const exported = manifest.exports ?? {};
  if (exported["./package.json"] !== "./package.json")
    problems.push("exports lacks ./package.json");
  for (const [entry, target] of Object.entries(exported)) {
    if (entry === "./package.json") continue;
    const conditions = typeof target === "string" ? { default: target } : target;
    const order = Object.keys(conditions).join(", ");
    if (order !== "@xenkit/source, types, default")
      problems.push(
        `exports["${entry}"] has the conditions ${order}, not @xenkit/source, types, default`,
      );
    for (const path of Object.values(conditions)) {
      if (!files.has(path.replace("./", "")))
        problems.push(`exports["${entry}"] names ${path}, which is not in the tarball`);
    }
  }
  for (const [name, path] of Object.entries(manifest.bin ?? {})) {
    const file = files.get(path.replace("./", ""));
    const shebang = Buffer.from(file?.bytes.subarray(0, 20) ?? []).toString();
    if (!shebang.startsWith("#!/usr/bin/env node")) problems.push(`bin ${name} has no shebang`);
  }
  return problems;
};
