/** How a line is laid out. */
export interface LsLayout {
  /** `-f`: paths, nothing indented. */
  readonly flat: boolean;
  /** `-p`: with permissions. */
  readonly permissions: boolean;
  /** Columns that a line may fill; negative for no limit. */
  readonly width: number;
}

/** A value as it is shown. */
export interface LsValue {
  readonly escaped: string;
  /** Bytes before escaping: what decides whether it is too long. */
  readonly length: number;
}

/** A node as it is shown. */
export interface LsNode {
  readonly path: string;
  readonly name: string;
  /** Levels below the node that is listed; its children are at 0. */
  readonly depth: number;
  /** Undefined when it cannot be read. */
  readonly value: LsValue | undefined;
  /** `n0,r1`; undefined when they cannot be read. Ignored where the layout shows none. */
  readonly permissions: string | undefined;
}

/** The part of a line that is no name and no value: ` = "`, `\...` and a quote with what may come behind it. */
const SIGNS = 8;
/** The column where permissions begin, if the line is wide enough. */
const TAG_COLUMN = 60;

/**
 * The width for an output. `xenstore-ls` leaves two columns of a terminal free. For anything else paths are whole, and
 * a tree is 80 wide.
 *
 * @param columns - Of the terminal; undefined when the output is none.
 */
export const lsWidth = (columns: number | undefined, flat: boolean): number =>
  columns === undefined ? (flat ? -1 : 80) : columns - 2;

/** One node as `xenstore-ls` shows it, with the end of line. */
export const lsLine = (node: LsNode, { flat, permissions, width }: LsLayout): string => {
  const indent = flat ? 0 : node.depth;
  const name = flat ? node.path : cut(node.name, width >= 0 ? width - SIGNS - indent : -1);
  const head = `${" ".repeat(indent)}${name}`;
  const tag = permissions && node.permissions !== undefined ? `  (${node.permissions})` : "";
  if (node.value === undefined) return `${head}:\n${tag}\n`;
  // A path counts for nothing: with -f every value has all of the line.
  const room = width - SIGNS - (flat ? 0 : head.length);
  if (width >= 0 && node.value.length > room) {
    return `${head} = "${cut(node.value.escaped, room)}\\..."${tag}\n`;
  }
  const line = `${head} = "${node.value.escaped}"`;
  if (!permissions) return `${line}\n`;
  const from = line.length;
  return `${line}${flat ? " " : dots(from, Math.min(TAG_COLUMN, width))}${tag}\n`;
};

/** A negative length is none: so C's printf reads it. */
const cut = (text: string, length: number): string => (length < 0 ? text : text.slice(0, length));

/** What leads to the permissions: a blank, then a dot at every odd column. */
const dots = (from: number, to: number): string => {
  let text = " ";
  for (let column = from + 1; column < to; column += 1) text += column % 2 === 1 ? "." : " ";
  return text;
};
