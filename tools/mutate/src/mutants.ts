/** One small change of one line of a source file. */
export interface Mutant {
  /** From 1 on. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** What is exchanged for what. Spaces around an operator keep types and generics out. */
const EXCHANGES: readonly (readonly [RegExp, string])[] = [
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ < /g, " <= "],
  [/ <= /g, " < "],
  [/ > /g, " >= "],
  [/ >= /g, " > "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/ \+ 1\b/g, " - 1"],
  [/ - 1\b/g, " + 1"],
  [/ \+= /g, " -= "],
  [/ -= /g, " += "],
  [/ & /g, " | "],
  [/\breturn true\b/g, "return false"],
  [/\breturn false\b/g, "return true"],
  [/= true;/g, "= false;"],
  [/= false;/g, "= true;"],
  [/ \? (.+) : (.+);$/g, " ? $2 : $1;"],
];

/** A statement that does something: a call or an assignment, on one line. */
const STATEMENT =
  /^\s+(?=\S)(?!return|const|let|readonly|throw|case)[\w.#[\]?!() ]+( [-+|&^<>]*= .+|\(.*\));$/;

/** Comments, imports, and what is types only. */
const IGNORED =
  /^\s*(\/\/|\/?\*|import|export (type|interface|\{)|type |interface |\||readonly |\} from)/;

/** Every mutant of a source text. */
export const mutantsOf = (source: string): readonly Mutant[] =>
  source.split("\n").flatMap((before, at) => {
    if (IGNORED.test(before)) return [];
    const code = before.replace(/\/\/.*$/, "");
    const afters: string[] = [];
    for (const [from, to] of EXCHANGES) {
      for (const match of code.matchAll(from)) {
        const rest = code.slice(match.index);
        afters.push(code.slice(0, match.index) + rest.replace(new RegExp(from.source), to));
      }
    }
    if (STATEMENT.test(code)) afters.push("");
    return afters.map((after) => ({ line: at + 1, before, after }));
  });

export const applied = (source: string, { line, after }: Mutant): string =>
  source
    .split("\n")
    .with(line - 1, after)
    .join("\n");
