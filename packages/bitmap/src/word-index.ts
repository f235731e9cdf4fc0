/**
 * Bits are most significant first, so that `Math.clz32` alone finds the lowest. A constant of this
 * module: the optimiser folds no others.
 */
const FIRST_BIT = -0x80000000;

/*
 * A set of word numbers 0..1023 in two levels: bit w of the summary, 32 cells of a bitmap from the
 * cell `summary` on, says that word w is in the set; bit s of `top` that summary word s is not 0.
 * The caller keeps the top, in a field of its own: these functions give the new one. All bits are
 * most significant first.
 */

/** Puts a word into the set. @returns The new top. */
export const addWord = (cells: Int32Array, summary: number, top: number, word: number): number => {
  const s = word >>> 5;
  cells[summary + s] = (cells[summary + s] as number) | (FIRST_BIT >>> word);
  return top | (FIRST_BIT >>> s);
};

/** Takes a word out of the set. @returns The new top. */
export const removeWord = (
  cells: Int32Array,
  summary: number,
  top: number,
  word: number,
): number => {
  const s = word >>> 5;
  const rest = (cells[summary + s] as number) & ~(FIRST_BIT >>> word);
  cells[summary + s] = rest;
  return rest === 0 ? top & ~(FIRST_BIT >>> s) : top;
};

/** Puts the words `from <= w < 1024` into a set that has none below `from`. @returns The new top. */
export const addWordsFrom = (cells: Int32Array, summary: number, from: number): number => {
  const s = from >>> 5;
  cells[summary + s] = -1 >>> from;
  cells.fill(-1, summary + s + 1, summary + 32);
  return (-1 >>> s) | 0;
};

/** @returns The highest word of the set that is below `word`, or -1. */
export const wordBelow = (
  cells: Int32Array,
  summary: number,
  top: number,
  word: number,
): number => {
  let s = word >>> 5;
  let rest = (cells[summary + s] as number) & ~(-1 >>> word);
  if (rest === 0) {
    const below = top & ~(-1 >>> s);
    if (below === 0) return -1;
    s = Math.clz32(below & -below);
    rest = cells[summary + s] as number;
  }
  return (s << 5) + Math.clz32(rest & -rest);
};
