import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { PackCheckError, type PublicPackage, publicPackages, root, run } from "@xenkit/pack-check";
import { browserInstalled, type Page, runInBrowser } from "./browser.ts";
import { type Checkout, cloneCheckout, withoutNpm } from "./checkout.ts";
import { checkCommandLine } from "./command-line.ts";
import * as user from "./consumer.ts";
import { eachOf } from "./each-of.ts";
import { type Bump, planRelease } from "./plan.ts";
import { runsInBrowsers } from "./readme-examples.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { must, RehearsalError } from "./rehearsal-error.ts";
import { step } from "./step.ts";
import { repack, thirdParties } from "./third-parties.ts";
import { openToolbox } from "./toolbox.ts";

const USAGE = `usage: npm run rehearse -- [--keep] [PACKAGE…]

Rehearses a release of what is committed: publishes to a registry on loopback, versions and publishes again, then
installs and uses each package alone, as a user would. --keep leaves the folders of the rehearsal for a look.
`;

/** The changes of the second release: a patch to one leaf, a minor to another. */
const CHANGES: ReadonlyMap<string, Bump> = new Map([
  ["@xenkit/bitmap", "patch"],
  ["@xenkit/xenstore-wire", "minor"],
]);

const main = async (args: readonly string[]): Promise<number> => {
  const names = args.filter((arg) => arg !== "--keep");
  const unknown = names.find((name) => !publicPackages().some(({ folder }) => folder === name));
  if (unknown !== undefined) {
    process.stderr.write(`no package is called ${unknown}\n${USAGE}`);
    return 2;
  }
  const scratch = mkdtempSync(join(tmpdir(), "xenkit-rehearsal-"));
  process.once("exit", () => {
    if (args.includes("--keep")) process.stderr.write(`kept: ${scratch}\n`);
    else rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  // What ends us by a signal must also run the handlers of "exit": they stop what we started.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  await rehearse(scratch, names);
  return 0;
};

const rehearse = async (scratch: string, names: readonly string[]): Promise<void> => {
  const toolbox = await step("toolbox", openToolbox);
  await using registry = await step("registry on loopback, without uplinks", () =>
    startRegistry(toolbox.verdaccio, join(scratch, "registry")),
  );
  const checkout = await step("clone of what is committed", () =>
    cloneCheckout(join(scratch, "checkout"), registry),
  );
  await step("dependencies of others, put into the registry", () => seed(scratch, registry));
  const before = publicPackages(checkout.path);
  await step("build", checkout.build);
  await step("the release workflow's switch for provenance", () =>
    checkProvenance(checkout, registry),
  );
  await step("first release", () => release(checkout, registry, before));
  await step("version: a patch and a minor", () => version(checkout, before));
  const after = publicPackages(checkout.path);
  await step("build again", checkout.build);
  await step("second release", () => release(checkout, registry, after));

  const env = await shell(scratch, registry);
  const chosen = after.filter(({ folder }) => names.length === 0 || names.includes(folder));
  const pages: Page[] = [];
  await eachOf(chosen, 2, async (pkg) => {
    const consumer = { folder: join(scratch, "users", pkg.folder), env, toolbox };
    pages.push(...(await step(pkg.manifest.name, () => use(consumer, pkg))));
  });
  if (browserInstalled())
    await step(`${pages.length} examples in Chromium`, () => runInBrowser(toolbox, pages));
};

/** Puts the packages of others that ours need, and those that a TypeScript program on Node needs, into the registry. */
const seed = async (scratch: string, registry: Registry): Promise<void> => {
  const needed = publicPackages().flatMap(({ path, manifest }) => {
    const names = Object.keys(manifest.dependencies ?? {});
    const others = names.filter((name) => !name.startsWith("@xenkit/"));
    return thirdParties(path, others);
  });
  const all = [...needed, ...thirdParties(root, ["@types/node"])];
  const once = new Map(all.map((each) => [`${each.manifest.name}@${each.manifest.version}`, each]));
  await eachOf([...once.values()], 4, async (each) =>
    registry.put(each.manifest, await repack(each, join(scratch, "third-parties"))),
  );
};

/** The variable that the release workflow sets makes pnpm ask for provenance, which no machine but a CI's can give. */
const checkProvenance = async (checkout: Checkout, registry: Registry): Promise<void> => {
  const workflow = readFileSync(join(checkout.path, ".github/workflows/release.yml"), "utf8");
  const name = /^ *(\w*PROVENANCE): "true"$/m.exec(workflow)?.[1];
  must(name !== undefined, "release.yml sets no variable for provenance");
  const { GITHUB_ACTIONS: _, CI: __, ...env } = withoutNpm(process.env);
  const refusal = await run(["pnpm", "publish", "--no-git-checks"], {
    cwd: join(checkout.path, "packages/bitmap"),
    env: { ...env, [name]: "true" },
  }).then(
    () => "it publishes without",
    (error: unknown) => String(error),
  );
  must(
    refusal.includes("PROVENANCE_UNSUPPORTED"),
    `${name} does not ask for provenance: ${refusal}`,
  );
  must((await registry.versions("@xenkit/bitmap")).length === 0, "@xenkit/bitmap got published");
};

/** Publishes; then the registry has the version of each package, and nothing that is private. */
const release = async (
  checkout: Checkout,
  registry: Registry,
  packages: readonly PublicPackage[],
): Promise<void> => {
  await checkout.publish();
  for (const { manifest } of packages) {
    const versions = await registry.versions(manifest.name);
    must(
      versions.at(-1) === manifest.version,
      `${manifest.name}: the registry has ${versions.join()}, not ${manifest.version}`,
    );
  }
  for (const tool of ["testkit", "bench", "replay", "bootstrap", "pack-check"])
    must(
      (await registry.versions(`@xenkit/${tool}`)).length === 0,
      `@xenkit/${tool} got published`,
    );
};

/** Versions; then the packages have the versions that the rules say, and the changelogs tell why. */
const version = async (checkout: Checkout, before: readonly PublicPackage[]): Promise<void> => {
  const plan = planRelease(before, CHANGES);
  await checkout.version(CHANGES);
  for (const { manifest, path } of publicPackages(checkout.path)) {
    const was = before.find((each) => each.manifest.name === manifest.name)?.manifest.version ?? "";
    const wanted = plan.get(manifest.name) ?? was;
    must(
      manifest.version === wanted,
      `${manifest.name} got version ${manifest.version}; by the rules it is ${wanted}`,
    );
    if (wanted === was) continue;
    const changelog = readFileSync(join(path, "CHANGELOG.md"), "utf8");
    must(changelog.includes(`## ${wanted}`), `${manifest.name} has no changelog for ${wanted}`);
  }
  const names = [...plan].map(([name, next]) => `${name}@${next}`).join(", ");
  process.stdout.write(`          → ${names}\n`);
};

/** A user's environment: an empty home, an empty cache, and no registry but ours. */
const shell = async (scratch: string, { npmrc }: Registry): Promise<NodeJS.ProcessEnv> => {
  const home = join(scratch, "home");
  await mkdir(home);
  await writeFile(join(home, ".npmrc"), npmrc);
  const path = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return {
    ...withoutNpm(process.env),
    PATH: path,
    HOME: home,
    npm_config_userconfig: join(home, ".npmrc"),
    npm_config_cache: join(scratch, "npm-cache"),
    npm_config_update_notifier: "false",
  };
};

/** All that a user may do with one package; the pages that a browser should run after that. */
const use = async (consumer: user.Consumer, pkg: PublicPackage): Promise<Page[]> => {
  const { name, version } = pkg.manifest;
  const released = { name, version };
  if (pkg.manifest.bin !== undefined) await checkCommandLine(consumer, released);
  await user.install(consumer, [`${name}@${version}`]);
  await user.checkInstalled(consumer, released);
  const entries = await user.entriesOf(consumer, released);
  if (entries.length === 0) return [];
  await user.checkLoading(consumer, entries);
  await user.checkTypes(consumer, [name], { types: "none" });
  await user.install(consumer, ["@types/node"]);
  await user.checkTypes(consumer, entries, { types: "node" });
  await user.checkReadme(consumer, released);
  const examples = await user.examplesOf(consumer, name);
  const neutral = examples.filter(runsInBrowsers);
  must(pkg.layer !== "leaf" || neutral.length > 0, `${name} has no example for a browser`);
  return Promise.all(
    neutral.map(async ({ line }) => {
      const file = join(consumer.folder, "out", `readme-line-${line}.js`);
      const code = await readFile(file, "utf8");
      return { title: `${name}, README line ${line}`, folder: consumer.folder, code };
    }),
  );
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RehearsalError || error instanceof PackCheckError)) throw error;
  process.stderr.write(`rehearsal: ${error.message}\n`);
  process.exitCode = 1;
}
