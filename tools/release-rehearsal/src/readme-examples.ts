/** One `ts` block of a README. */
export interface Example {
  /** Where it starts, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** What it imports, as written: `@xenkit/host/node`. */
  readonly imports: readonly string[];
}

const BLOCK = /^```ts\n([\s\S]*?)^```$/gm;
const IMPORT = /(?:from|import) "([^"]+)"/g;

/** The examples of a README: its `ts` blocks. */
export const readmeExamples = (markdown: string): Example[] =>
  [...markdown.matchAll(BLOCK)].map((match) => {
    const code = match[1] ?? "";
    return {
      line: markdown.slice(0, match.index).split("\n").length,
      code,
      imports: [...new Set([...code.matchAll(IMPORT)].map((found) => found[1] ?? ""))],
    };
  });

/** The package that an import asks for; none for a module of Node's. */
export const packageOf = (specifier: string): string | undefined =>
  specifier.startsWith("node:")
    ? undefined
    : specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** Whether an example runs where there is no Node. (Its assertions do: they are easily replaced.) */
export const runsInBrowsers = ({ imports }: Example): boolean =>
  imports.every((each) =>
    /^node:assert(?:\/strict)?$|^(?!node:)(?!.*\/(?:node|unix|xenbus)$)/.test(each),
  );
