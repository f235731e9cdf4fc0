import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, compareText, rewriteText } from "./check-package.ts";
import { checkSizes, readSizes, type Sizes, sizesFile } from "./expected-sizes.ts";
import { measureBundles } from "./measure-bundles.ts";
import { PackCheckError } from "./pack-check-error.ts";
import { publicPackages } from "./public-packages.ts";

const USAGE = `usage: npm run pack-check -- [--update] [PACKAGE…]

Packs every public package as a release would and checks what a user would get: publint, are-the-types-wrong, the list
of files, metadata, leaked paths, size, public API. --update records the files, the API and the sizes as they are.
`;

const main = async (args: readonly string[]): Promise<number> => {
  const update = args.includes("--update");
  const names = args.filter((arg) => arg !== "--update");
  const all = publicPackages();
  const unknown = names.find((name) => !all.some(({ folder }) => folder === name));
  if (unknown !== undefined) {
    process.stderr.write(`no package is called ${unknown}\n${USAGE}`);
    return 2;
  }
  const packages = all.filter(({ folder }) => names.length === 0 || names.includes(folder));
  const scratch = mkdtempSync(join(tmpdir(), "xenkit-pack-check-"));
  try {
    const bundles = await measureBundles(packages);
    const sizes: Record<string, Sizes> = update ? { ...readSizes() } : {};
    const budgets = readSizes();
    let bad = 0;
    for (const pkg of packages) {
      const compare = update ? rewriteText : compareText;
      const { problems, packed, files } = await checkPackage(pkg, { scratch, compare });
      const bundled = bundles.get(pkg.folder);
      const actual: Sizes = bundled === undefined ? { packed } : { packed, bundled };
      sizes[pkg.folder] = actual;
      const findings = update
        ? problems
        : [...problems, ...checkSizes(actual, budgets[pkg.folder])];
      bad += findings.length;
      const bundle = bundled === undefined ? "" : `, ${kilobytes(bundled)} bundled`;
      process.stdout.write(
        `${pkg.manifest.name}: ${files} files, ${kilobytes(packed)} packed${bundle}${findings.length === 0 ? "" : ":"}\n`,
      );
      for (const finding of findings) process.stdout.write(`  ${finding}\n`);
    }
    if (update) {
      const present = Object.entries(sizes).filter(([name]) => all.some((p) => p.folder === name));
      writeFileSync(sizesFile, `${JSON.stringify(Object.fromEntries(present.sort()), null, 2)}\n`);
    }
    if (bad === 0) return 0;
    process.stdout.write(
      `\n${bad} findings. If the files, the API or the sizes are as they should be: npm run pack-check -- --update, and a changeset\n`,
    );
    return 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof PackCheckError)) throw error;
  process.stderr.write(`pack-check: ${error.message}\n`);
  process.exitCode = 1;
}
