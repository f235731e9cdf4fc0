import { join, relative, sep } from "node:path";
import ts from "typescript";
import { PackCheckError } from "./pack-check-error.ts";
import type { PublicPackage } from "./public-packages.ts";

const HEAD = `Every name that this package exports, with its type, and the types that those use without exporting them.
Generated from the declarations of the build by \`npm run pack-check -- --update\`. A change here is a change for users: it wants a changeset.`;

/**
 * The public API of a built package as text: what each entry exports, with its type, by name.
 *
 * Comments, private members and the files of the source do not show: the text changes when a user's program may.
 */
export const apiReport = (pkg: PublicPackage): string => {
  const entries = entriesOf(pkg);
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      types: [],
      noEmit: true,
    },
  );
  const checker = program.getTypeChecker();
  const seen = new Set<ts.Symbol>();
  const used: ts.Symbol[] = [];
  const own = (node: ts.Node): boolean =>
    node.getSourceFile().fileName.startsWith(join(pkg.path, "dist").split(sep).join("/"));
  const print = (symbol: ts.Symbol): string[] =>
    (symbol.declarations ?? []).map((declaration) => {
      collect(declaration, checker, (found) => {
        if (!seen.has(found) && found.declarations?.some(own) === true) {
          seen.add(found);
          used.push(found);
        }
      });
      return textOf(declaration);
    });

  const sections = entries.map(({ name, file }) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined)
      throw new PackCheckError(`${file} is missing or no module: build first`);
    const exported = checker
      .getExportsOfModule(module)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((symbol) => ({ name: symbol.name, target: resolved(symbol, checker) }));
    for (const { target } of exported) seen.add(target);
    return { name, exported };
  });
  const texts = sections.map(({ name, exported }) => {
    const items = exported.map((item) => {
      const declaration = item.target.declarations?.[0];
      if (declaration !== undefined && !own(declaration))
        return `${item.name}: from ${packageOf(declaration)}`;
      const renamed = item.name === item.target.name ? "" : `${item.name} = `;
      return renamed + print(item.target).join("\n");
    });
    return [`# ${name}`, ...items].join("\n\n");
  });
  const inner: { name: string; text: string }[] = [];
  for (let next = used.shift(); next !== undefined; next = used.shift())
    inner.push({ name: next.name, text: print(next).join("\n") });
  if (entries.length === 0) texts.push("(Nothing to import: this package is a command.)");
  if (inner.length > 0) {
    inner.sort((a, b) => (`${a.name}${a.text}` < `${b.name}${b.text}` ? -1 : 1));
    texts.push(["# used, not exported", ...inner.map(({ text }) => text)].join("\n\n"));
  }
  return `${[HEAD, ...texts].join("\n\n")}\n`;
};

/** The entries of a package that have types: the name a user imports, the declaration file behind it. */
const entriesOf = ({ path, manifest }: PublicPackage): { name: string; file: string }[] =>
  Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) => {
    const types = typeof target === "string" ? undefined : target["types"];
    if (types === undefined) return [];
    return [{ name: manifest.name + entry.slice(1), file: join(path, types) }];
  });

const resolved = (symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);

/** Hands every symbol that a declaration names to `found`. */
const collect = (
  declaration: ts.Node,
  checker: ts.TypeChecker,
  found: (symbol: ts.Symbol) => void,
): void => {
  const visit = (node: ts.Node): void => {
    if (isPrivate(node)) return;
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined) {
        const target = resolved(symbol, checker);
        if ((target.flags & TOP_LEVEL) !== 0 && isTopLevel(target)) found(target);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(declaration);
};

const TOP_LEVEL =
  ts.SymbolFlags.Class |
  ts.SymbolFlags.Interface |
  ts.SymbolFlags.TypeAlias |
  ts.SymbolFlags.Function |
  ts.SymbolFlags.BlockScopedVariable;

const isTopLevel = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some((node) => ts.isSourceFile(statementOf(node).parent)) === true;

const statementOf = (node: ts.Node): ts.Node =>
  ts.isVariableDeclaration(node) ? node.parent.parent : node;

const isPrivate = (node: ts.Node): boolean =>
  ts.isClassElement(node) &&
  ((node.name !== undefined && ts.isPrivateIdentifier(node.name)) ||
    (ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true));

const printer = ts.createPrinter({ removeComments: true });

const textOf = (declaration: ts.Declaration): string => {
  const statement = statementOf(declaration);
  const { transformed } = ts.transform(statement, [
    (context) => (node) => {
      const visit = (child: ts.Node): ts.Node | undefined =>
        isPrivate(child) ? undefined : ts.visitEachChild(child, visit, context);
      return ts.visitEachChild(node, visit, context);
    },
  ]);
  return printer
    .printNode(ts.EmitHint.Unspecified, transformed[0] ?? statement, declaration.getSourceFile())
    .replace(/^(?:export )?(?:declare )?/, "");
};

const packageOf = (declaration: ts.Node): string => {
  const file = declaration.getSourceFile().fileName;
  const inside = /(?:.*\/node_modules|.*\/packages)\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  return inside?.[1] ?? relative(".", file);
};
