import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Manifest, run } from "@xenkit/pack-check";
import { type Example, packageOf, readmeExamples } from "./readme-examples.ts";
import { must } from "./rehearsal-error.ts";
import { COMPILERS, NODES, type Toolbox } from "./toolbox.ts";

/** What a consumer has: a folder outside of any workspace, and the programs of a user. */
export interface Consumer {
  /** Absolute; empty at first. */
  readonly folder: string;
  /** A user's shell: no setting of ours but the registry. */
  readonly env: NodeJS.ProcessEnv;
  readonly toolbox: Toolbox;
}

/** A released package. */
export interface Released {
  readonly name: string;
  readonly version: string;
}

/** Installs by name and version, as a user does. */
export const install = async (
  { folder, env }: Consumer,
  packages: readonly string[],
): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) await writeFile(manifest, `{ "private": true, "type": "module" }\n`);
  await run(["npm", "install", "--no-audit", "--no-fund", "--save-exact", ...packages], {
    cwd: folder,
    env,
  });
};

/** The entries of an installed package that can be imported, by the name a user writes. */
export const entriesOf = async ({ folder }: Consumer, { name }: Released): Promise<string[]> => {
  const manifest = await installed(folder, name);
  return Object.keys(manifest.exports ?? {})
    .filter((entry) => entry !== "./package.json")
    .map((entry) => name + entry.slice(1));
};

/** What is installed is the version asked for, and nothing but the package's own dependencies came along. */
export const checkInstalled = async (consumer: Consumer, released: Released): Promise<void> => {
  const lock = JSON.parse(await readFile(join(consumer.folder, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string; dev?: boolean; hasInstallScript?: boolean }>;
  };
  const { version } = await installed(consumer.folder, released.name);
  must(version === released.version, `${released.name}: ${version} came, not ${released.version}`);
  const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
  must(scripted.length === 0, `${released.name} brings install scripts: ${scripted.join()}`);
};

/** Every entry imports (ESM) and requires (CommonJS) on every Node, without a word, and gives the same names. */
export const checkLoading = async (
  consumer: Consumer,
  entries: readonly string[],
): Promise<void> => {
  const { folder, env, toolbox } = consumer;
  const list = JSON.stringify(entries);
  await writeFile(
    join(folder, "import.mjs"),
    `const names = {};
for (const entry of ${list}) names[entry] = Object.keys(await import(entry)).sort();
console.log(JSON.stringify(names));\n`,
  );
  await writeFile(
    join(folder, "require.cjs"),
    `const names = {};
for (const entry of ${list}) names[entry] = Object.keys(require(entry)).filter((name) => name !== "__esModule").sort();
console.log(JSON.stringify(names));\n`,
  );
  for (const version of NODES) {
    const results = await Promise.all(
      ["import.mjs", "require.cjs"].map((file) =>
        run([toolbox.node(version), file], { cwd: folder, env, timeoutMs: 30_000 }),
      ),
    );
    const names = results.map((text) => JSON.parse(text) as Record<string, string[]>);
    must(
      results[0] === results[1],
      `Node ${version}: import and require differ: ${results.join()}`,
    );
    for (const entry of entries)
      must((names[0]?.[entry] ?? []).length > 0, `Node ${version}: ${entry} exports nothing`);
  }
};

/** A strict program of TypeScript that imports the entries, and nothing else, compiles with every compiler. */
export const checkTypes = async (
  consumer: Consumer,
  entries: readonly string[],
  { types }: { types: "none" | "node" },
): Promise<void> => {
  const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}";`);
  const uses = entries.map((_, index) => `export const use${index}: object = entry${index};`);
  const file = `uses-${types}.ts`;
  await writeFile(join(consumer.folder, file), [...imports, ...uses, ""].join("\n"));
  await compile(consumer, [file], { types, name: `tsconfig.${types}.json` });
};

/** The README's examples compile with every compiler; what that makes runs on every Node. */
export const checkReadme = async (consumer: Consumer, { name }: Released): Promise<number> => {
  const { folder, env, toolbox } = consumer;
  const examples = await examplesOf(consumer, name);
  if (examples.length === 0) return 0;
  const imported = new Set(
    examples.flatMap(({ imports }) => imports.flatMap((each) => packageOf(each) ?? [])),
  );
  const others = [...imported].filter((each) => each !== name);
  if (others.length > 0) await install(consumer, others);
  const files = examples.map(({ line }) => `readme-line-${line}.ts`);
  for (const [index, { code }] of examples.entries())
    await writeFile(join(folder, files[index] ?? ""), `${code}\nexport {};\n`);
  await compile(consumer, files, { types: "node", name: "tsconfig.readme.json" });
  for (const version of NODES) {
    for (const file of files) {
      const script = join("out", file.replace(/ts$/, "js"));
      await run([toolbox.node(version), script], { cwd: folder, env, timeoutMs: 30_000 });
    }
  }
  return examples.length;
};

/** The examples in the README of an installed package. */
export const examplesOf = async ({ folder }: Consumer, name: string): Promise<Example[]> => {
  const file = join(folder, "node_modules", name, "README.md");
  return readmeExamples(await readFile(file, "utf8"));
};

const compile = async (
  { folder, env, toolbox }: Consumer,
  files: readonly string[],
  { types, name }: { types: "none" | "node"; name: string },
): Promise<void> => {
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable", "webworker"],
    module: "nodenext",
    types: types === "none" ? [] : [types],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    outDir: "out",
    rootDir: ".",
  };
  await writeFile(join(folder, name), JSON.stringify({ compilerOptions, files }));
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await Promise.all(
    COMPILERS.map((version) =>
      run([toolbox.node("24"), toolbox.tsc(version), "-p", name], { cwd: folder, env }),
    ),
  );
};

const installed = async (folder: string, name: string): Promise<Manifest> =>
  JSON.parse(
    await readFile(join(folder, "node_modules", name, "package.json"), "utf8"),
  ) as Manifest;
