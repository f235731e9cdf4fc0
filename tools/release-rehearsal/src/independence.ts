import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { PackCheckError, type PublicPackage, publicPackages, root, run } from "@xenkit/pack-check";
import { withoutNpm } from "./checkout.ts";
import { step } from "./step.ts";

const USAGE = `usage: npm run independence -- [PACKAGE…]

Takes each package with what it depends on in the workspace, and nothing else, out of a clone of what is committed;
installs as locked, checks the types and runs the package's tests there.
`;

/** What all packages share, beside the root's package.json, lockfile and turbo.json. */
const SHARED = ["vitest.config.ts", "tsconfig.base.json"];

const main = async (names: readonly string[]): Promise<number> => {
  const all = publicPackages();
  const unknown = names.find((name) => !all.some(({ folder }) => folder === name));
  if (unknown !== undefined) {
    process.stderr.write(`no package is called ${unknown}\n${USAGE}`);
    return 2;
  }
  const scratch = mkdtempSync(join(tmpdir(), "xenkit-independence-"));
  process.once("exit", () =>
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  const clone = join(scratch, "clone");
  await run(["git", "clone", "--quiet", "--depth=1", `file://${root}`, clone], { cwd: root });
  let failed = 0;
  for (const pkg of publicPackages(clone)) {
    if (names.length > 0 && !names.includes(pkg.folder)) continue;
    const alone = join(scratch, pkg.folder);
    try {
      const tests = await step(pkg.manifest.name, () => testAlone(pkg, clone, alone));
      process.stdout.write(`          → ${tests}\n`);
    } catch (error) {
      if (!(error instanceof PackCheckError)) throw error;
      failed += 1;
      process.stdout.write(`${error.message}\n`);
    } finally {
      rmSync(alone, { recursive: true, force: true });
    }
  }
  return failed === 0 ? 0 : 1;
};

/** @returns How many tests passed, as the run's closing line says. */
const testAlone = async (
  { folder, manifest }: PublicPackage,
  clone: string,
  alone: string,
): Promise<string> => {
  const env = { ...withoutNpm(process.env), TURBO_TELEMETRY_DISABLED: "1", NO_COLOR: "1" };
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  await run([process.execPath, turbo, "prune", manifest.name, "--out-dir", alone], {
    cwd: clone,
    env,
  });
  for (const file of SHARED) copyFileSync(join(clone, file), join(alone, file));
  await run(["pnpm", "install", "--frozen-lockfile", "--prefer-offline"], { cwd: alone, env });
  const options = { cwd: join(alone, "packages", folder), env, timeoutMs: 300_000 };
  await run(["pnpm", "run", "typecheck"], options);
  const output = await run(["pnpm", "run", "test"], options);
  return /^\d+ passed, .*$/m.exec(output)?.[0] ?? "no tests";
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof PackCheckError)) throw error;
  process.stderr.write(`independence: ${error.message}\n`);
  process.exitCode = 1;
}
