import { parseAnyBase } from "./c-number.ts";

/** What an entry allows: a set of bits. */
export const ACCESS = { none: 0, read: 1, write: 2, both: 3 } as const;

/** One entry of a node's permission list, as it travels. */
export interface Permission {
  /** A set of `ACCESS` bits. */
  readonly access: number;
  /** A u32: the wire does not check that it is a domid. */
  readonly domid: number;
}

/** By access. @internal */
export const PERMISSION_LETTERS: readonly string[] = ["n", "r", "w", "b"];

/**
 * Reads an entry: `n`, `r`, `w` or `b` and a number (see {@link parseAnyBase}).
 *
 * @returns Undefined for another letter, no digits, or anything behind them.
 */
export const parsePermission = (text: string): Permission | undefined => {
  const access = PERMISSION_LETTERS.indexOf(text[0] ?? "");
  const domid = access === -1 ? undefined : parseAnyBase(text.slice(1));
  return domid === undefined ? undefined : { access, domid };
};

/** An entry as the daemon writes it: letter and decimal number, signed. */
export const formatPermission = ({ access, domid }: Permission): string =>
  `${PERMISSION_LETTERS[access & 3]}${domid | 0}`;
