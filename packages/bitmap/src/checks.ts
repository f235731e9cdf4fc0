import { BitmapError } from "./bitmap-error.ts";

/**
 * The largest bitmap, in bits. Finding stays O(1) up to 32,768 bits; past that each further
 * 32,768 bits add one top that a search may have to look at: 512 of them at this size.
 */
export const MAX_SIZE = 0x1000000;

/** @throws BitmapError "bad-size" unless `size` is an integer in 1..{@link MAX_SIZE}. */
export const checkSize = (where: string, size: number): void => {
  if (size >>> 0 !== size || size < 1 || size > MAX_SIZE) {
    throw new BitmapError(where, "bad-size", { size, max: MAX_SIZE });
  }
};

/** The error for a bad index; the check itself is inline where it is hot. */
export const badIndex = (where: string, value: number, size: number): BitmapError =>
  new BitmapError(where, "out-of-range", { argument: "index", value, min: 0, max: size - 1 });

/** The error for a bad start of a search. */
export const badFrom = (where: string, value: number, size: number): BitmapError =>
  new BitmapError(where, "out-of-range", { argument: "from", value, min: 0, max: size });

/** @throws BitmapError "out-of-range" unless 0 <= from <= to <= size, all integers. */
export const checkRange = (where: string, from: number, to: number, size: number): void => {
  if (from >>> 0 !== from || from > size) throw badFrom(where, from, size);
  if (to >>> 0 !== to || to < from || to > size) {
    throw new BitmapError(where, "out-of-range", {
      argument: "to",
      value: to,
      min: from,
      max: size,
    });
  }
};
