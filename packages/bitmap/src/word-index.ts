import { rangeMask } from "./bits.ts";

/**
 * Bits are most significant first, so that `Math.clz32` alone finds the lowest. A constant of this
 * module: the optimiser folds no others.
 */
const FIRST_BIT = -0x80000000;

/*
 * A set of word numbers in two levels, inside the cells of a bitmap: bit w of the summary, which
 * starts at the cell `summary`, says that word w is in the set; bit s of the tops, which start at
 * `tops`, that summary word s is not 0. All bits are most significant first.
 */

export const addWord = (cells: Int32Array, summary: number, tops: number, word: number): void => {
  const s = word >>> 5;
  const t = s >>> 5;
  cells[summary + s] = (cells[summary + s] as number) | (FIRST_BIT >>> word);
  cells[tops + t] = (cells[tops + t] as number) | (FIRST_BIT >>> s);
};

export const removeWord = (
  cells: Int32Array,
  summary: number,
  tops: number,
  word: number,
): void => {
  const s = word >>> 5;
  const t = s >>> 5;
  const rest = (cells[summary + s] as number) & ~(FIRST_BIT >>> word);
  cells[summary + s] = rest;
  if (rest === 0) cells[tops + t] = (cells[tops + t] as number) & ~(FIRST_BIT >>> s);
};

/** Puts the words `from <= w < to` into an empty set; `to` is a multiple of 32. */
export const addWords = (
  cells: Int32Array,
  summary: number,
  tops: number,
  from: number,
  to: number,
): void => {
  const summaries = to >>> 5;
  const start = from >>> 5;
  for (let s = start; s < summaries; s += 1) cells[summary + s] = rangeMask(s, from, to);
  for (let t = start >>> 5; t << 5 < summaries; t += 1) {
    cells[tops + t] = rangeMask(t, start, summaries);
  }
};

/** @returns The highest word of the set that is below `word`, or -1. */
export const wordBelow = (
  cells: Int32Array,
  summary: number,
  tops: number,
  word: number,
): number => {
  let s = word >>> 5;
  let rest = (cells[summary + s] as number) & ~(-1 >>> (word & 31));
  if (rest === 0) {
    let t = s >>> 5;
    let top = (cells[tops + t] as number) & ~(-1 >>> (s & 31));
    while (top === 0) {
      t -= 1;
      if (t < 0) return -1;
      top = cells[tops + t] as number;
    }
    s = (t << 5) + Math.clz32(top & -top);
    rest = cells[summary + s] as number;
  }
  return (s << 5) + Math.clz32(rest & -rest);
};
