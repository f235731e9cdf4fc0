import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type PublicPackage, root } from "@xenkit/pack-check";
import {
  Application,
  Logger,
  LogLevel,
  type ProjectReflection,
  ReflectionKind,
  TSConfigReader,
  type TypeDocOptions,
} from "typedoc";
import { DocsError } from "./docs-error.ts";

/**
 * Makes the API documentation of the packages from their sources, as static HTML.
 *
 * @param output - A folder; what it held is gone after that.
 * @returns What is wrong with the doc comments, exports without one among it: a line each.
 */
export const makeApiSite = async (
  packages: readonly PublicPackage[],
  output: string,
): Promise<string[]> => {
  const scratch = mkdtempSync(join(tmpdir(), "xenkit-docs-"));
  const problems: string[] = [];
  try {
    const parts: string[] = [];
    for (const pkg of packages) {
      const entries = entriesOf(pkg);
      if (entries.size === 0) continue;
      const part = join(scratch, `${pkg.folder}.json`);
      const options = optionsOf(pkg, [...entries.values()]);
      const app = await Application.bootstrap(options, [new TSConfigReader()]);
      problems.push(...(await convert(app, { name: pkg.manifest.name, entries, part })));
      parts.push(part);
    }
    const merged = await Application.bootstrap({
      ...SHARED,
      name: "Xenkit",
      entryPointStrategy: "merge",
      entryPoints: parts,
      readme: join(import.meta.dirname, "../index.md"),
      validation: { notExported: false, invalidLink: true, notDocumented: false },
    });
    const log = collect(merged);
    const project = await merged.convert();
    if (project === undefined) throw new DocsError(`no documentation: ${log.lines.join("\n")}`);
    merged.validate(project);
    await merged.generateDocs(project, output);
    return [...problems, ...log.lines];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

const SHARED = {
  disableGit: true,
  basePath: root,
  sourceLinkTemplate: "https://github.com/xenkit/xenkit/blob/main/{path}#L{line}",
  logLevel: "Warn",
  githubPages: false,
  hideGenerator: true,
} satisfies TypeDocOptions;

const optionsOf = (pkg: PublicPackage, entryPoints: string[]): TypeDocOptions => ({
  ...SHARED,
  name: pkg.manifest.name,
  entryPoints,
  tsconfig: join(pkg.path, "tsconfig.build.json"),
  compilerOptions: {
    customConditions: ["@xenkit/source"],
    allowImportingTsExtensions: true,
    noEmit: true,
  },
  // The types are checked elsewhere, by the compiler that we build with.
  skipErrorChecking: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  readme: join(pkg.path, "README.md"),
  validation: { notExported: false, invalidLink: true, notDocumented: false },
});

/** The source of each entry that can be imported, absolute; by the name that a user imports. */
const entriesOf = ({ path, manifest }: PublicPackage): Map<string, string> =>
  new Map(
    Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) => {
      const source = typeof target === "string" ? undefined : target["@xenkit/source"];
      return source === undefined ? [] : [[manifest.name + entry.slice(1), join(path, source)]];
    }),
  );

/** Typedoc calls a module after its file. */
const renameModules = (project: ProjectReflection, entries: ReadonlyMap<string, string>): void => {
  const names = new Map(
    [...entries].map(([name, file]) => [
      relative(root, file).replace(/(?:\/index)?\.ts$/, ""),
      name,
    ]),
  );
  for (const module of project.getReflectionsByKind(ReflectionKind.Module))
    module.name = names.get(module.name) ?? module.name;
};

const convert = async (
  app: Application,
  { name, entries, part }: { name: string; entries: ReadonlyMap<string, string>; part: string },
): Promise<string[]> => {
  const log = collect(app);
  const project = await app.convert();
  if (project === undefined) throw new DocsError(`${name}: ${log.lines.join("\n")}`);
  renameModules(project, entries);
  app.validate(project);
  await app.generateJson(project, part);
  return [...log.lines, ...undocumented(project)].map((line) => `${name}: ${line}`);
};

/** Everything that can be imported must say what it is. Members may say it by their names, as `ERRNO.EPERM` does. */
const undocumented = (project: ProjectReflection): string[] =>
  project
    .getReflectionsByKind(ReflectionKind.SomeExport & ~ReflectionKind.Module)
    .filter(
      (each) =>
        each.parent?.kindOf([ReflectionKind.Project, ReflectionKind.Module]) === true &&
        !each.hasComment() &&
        !(each.isDeclaration() && each.getNonIndexSignatures().some((one) => one.hasComment())),
    )
    .map((each) => `${each.name} has no doc comment`);

/** Keeps typedoc's complaints, instead of writing them to the terminal. */
class Complaints extends Logger {
  readonly lines: string[] = [];

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn && !linksFolder(message)) this.lines.push(message);
  }
}

/** A README may link the folder of a package: on the repository's pages that shows its README. */
const linksFolder = (message: string): boolean => {
  const path = /^The relative path (.*) is not a file/.exec(message)?.[1];
  return path !== undefined && existsSync(join(path, "README.md"));
};

const collect = (app: Application): Complaints => {
  const complaints = new Complaints();
  app.logger = complaints;
  return complaints;
};
