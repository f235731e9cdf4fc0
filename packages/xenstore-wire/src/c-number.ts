/**
 * Numbers as the C library reads them. The protocol takes them as text and the daemons always read them with C's
 * functions, so their junk rules are part of it.
 */

const U64 = 1n << 64n;
const I64_MAX = (1n << 63n) - 1n;

interface Scan {
  readonly negative: boolean;
  readonly base: 8 | 10 | 16;
  /** Undefined when there is no digit. */
  readonly digits: string | undefined;
  /** Index of the first byte that was not taken; 0 when there is no digit. */
  readonly end: number;
}

/**
 * A domid argument: `strtoul`, base 10, of the whole string.
 *
 * The empty string is 0; blanks, zeros and a sign may stand before the digits, nothing behind them; `-0` is 0.
 *
 * @returns 0 to 65535; undefined for junk and for any other value.
 */
export const parseDomid = (text: string): number | undefined => {
  const { negative, digits, end } = scan(text, 10);
  if (end !== text.length) return undefined;
  if (digits === undefined) return 0;
  const value = unsigned(BigInt(digits), negative);
  return value <= 0xffffn ? Number(value) : undefined;
};

/**
 * Any other number: `atoi`. Leading blanks and a sign, then digits up to the first other byte; junk is 0. Larger ones
 * saturate at 64 bits and are cut to 32.
 *
 * @returns An i32; `>>> 0` gives what the daemon takes as unsigned.
 */
export const atoi = (text: string): number => {
  const { negative, digits } = scan(text, 10);
  if (digits === undefined) return 0;
  const magnitude = BigInt(digits);
  const limit = negative ? I64_MAX + 1n : I64_MAX;
  const clamped = magnitude > limit ? limit : magnitude;
  return Number(BigInt.asIntN(32, negative ? -clamped : clamped));
};

/**
 * The number of a permission entry: `strtoul` with base 0 (`0x10` is 16, `010` is 8) of the whole string, cut to 32
 * bits, not checked.
 *
 * @returns A u32; undefined without digits or with anything behind them.
 */
export const parseAnyBase = (text: string): number | undefined => {
  const { negative, base, digits, end } = scan(text, 0);
  if (digits === undefined || end !== text.length) return undefined;
  const prefix = base === 16 ? "0x" : base === 8 ? "0o" : "";
  return Number(BigInt.asUintN(32, unsigned(BigInt(prefix + digits), negative)));
};

const unsigned = (magnitude: bigint, negative: boolean): bigint => {
  if (magnitude >= U64) return U64 - 1n;
  return negative ? (U64 - magnitude) % U64 : magnitude;
};

const scan = (text: string, wanted: 0 | 10): Scan => {
  let at = 0;
  while (isBlank(text.charCodeAt(at))) at += 1;
  const sign = text[at];
  if (sign === "-" || sign === "+") at += 1;
  const negative = sign === "-";
  let base: 8 | 10 | 16 = 10;
  if (wanted === 0 && text[at] === "0") {
    const hex =
      (text[at + 1] === "x" || text[at + 1] === "X") && isDigit(text.charCodeAt(at + 2), 16);
    base = hex ? 16 : 8;
    if (hex) at += 2;
  }
  const start = at;
  while (isDigit(text.charCodeAt(at), base)) at += 1;
  if (at === start) return { negative, base, digits: undefined, end: 0 };
  return { negative, base, digits: text.slice(start, at), end: at };
};

/** As C's `isspace`. */
const isBlank = (unit: number): boolean => unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);

const isDigit = (unit: number, base: 8 | 10 | 16): boolean => {
  if (unit >= 0x30 && unit <= 0x39) return unit < 0x30 + base;
  const lower = unit | 0x20;
  return base === 16 && lower >= 0x61 && lower <= 0x66;
};
