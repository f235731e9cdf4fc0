/** What a mutator sees of a node of Babel's syntax tree. */
interface SyntaxNode {
  readonly type: string;
  readonly start?: number;
  readonly end?: number;
  readonly operator?: string;
  readonly value?: unknown;
}

interface SyntaxPath {
  readonly node: SyntaxNode;
  readonly hub: { readonly file: { readonly opts: { readonly filename: string } } };
}

/** As in `@stryker-mutator/instrumenter`, which does not export it. */
export interface Mutator {
  readonly name: string;
  /** What could stand in the place of a node. */
  mutate(path: SyntaxPath, state?: unknown): Iterable<SyntaxNode>;
}

const EXCHANGED: Readonly<Record<string, string>> = {
  "&": "|",
  "|": "&",
  "^": "&",
  "<<": ">>",
  ">>": "<<",
  ">>>": "<<",
};

const bitwiseOperator: Mutator = {
  name: "BitwiseOperator",
  *mutate({ node }) {
    const operator = node.type === "BinaryExpression" ? EXCHANGED[node.operator ?? ""] : undefined;
    if (operator !== undefined) yield { ...node, operator };
  },
};

const integerLiteral: Mutator = {
  name: "IntegerLiteral",
  *mutate({ node: { type, value } }) {
    if (type === "NumericLiteral" && typeof value === "number") {
      if (value !== 0) yield { type, value: value - 1 };
      yield { type, value: value + 1 };
    } else if (type === "BigIntLiteral" && typeof value === "bigint") {
      if (value !== 0n) yield { type, value: value - 1n };
      yield { type, value: value + 1n };
    }
  },
};

/** What Stryker's own mutators leave alone, and code that works on words and bits depends on. */
export const LOW_LEVEL_MUTATORS: readonly Mutator[] = [bitwiseOperator, integerLiteral];
