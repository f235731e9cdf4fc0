import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { type PublicPackage, root } from "@xenkit/pack-check";
import ts from "typescript";

/** An `@example` of a doc comment. */
export interface DocExample {
  /** The file that has it, absolute. */
  readonly file: string;
  /** Where, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** Every `@example` in the sources of a package. */
export const docExamples = ({ path }: PublicPackage): DocExample[] =>
  readdirSync(join(path, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .flatMap((name) => {
      const file = join(path, "src", name);
      const text = ts.sys.readFile(file) ?? "";
      if (!text.includes("@example")) return [];
      return examplesIn(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true));
    });

const examplesIn = (source: ts.SourceFile): DocExample[] => {
  const found = new Map<number, DocExample>();
  const visit = (node: ts.Node): void => {
    for (const tag of ts.getJSDocTags(node)) {
      if (tag.tagName.text !== "example") continue;
      const comment = ts.getTextOfJSDocComment(tag.comment) ?? "";
      const code = /```(?:ts|typescript)?\n([\s\S]*?)```/.exec(comment)?.[1] ?? comment;
      const line = source.getLineAndCharacterOfPosition(tag.getStart()).line + 1;
      found.set(tag.pos, { file: source.fileName, line, code });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found.values()];
};

/** Compiles each example as a module of its own in its package, as strictly as we build; tells what does not. */
export const compileExamples = (examples: readonly DocExample[]): string[] => {
  const texts = new Map(
    examples.map(({ file, line, code }) => [`${file.slice(0, -3)}.example-${line}.ts`, code]),
  );
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const text = texts.get(name);
    if (text === undefined) return getSourceFile(name, languageVersion, ...rest);
    const setup = {
      languageVersion: ts.ScriptTarget.ES2023,
      impliedNodeFormat: ts.ModuleKind.ESNext,
    } as const;
    return ts.createSourceFile(name, `${text}\nexport {};\n`, setup);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((name) => {
    const source = program.getSourceFile(name);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(
      ({ messageText }) =>
        `${relative(root, name)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
};

const compilerOptions = (): ts.CompilerOptions => {
  const file = join(root, "tsconfig.base.json");
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return {
    ...options,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    // An example shows what there is, and need not use all of it.
    noUnusedLocals: false,
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
  };
};
