import type { BitSet } from "./bit-set.ts";

/** The set bits of a set, ascending, found one at a time. */
export const bitsOf = (set: BitSet): IterableIterator<number> => {
  let from = 0;
  return {
    [Symbol.iterator]() {
      return this;
    },
    next(): IteratorResult<number, undefined> {
      const value = from < 0 ? -1 : set.nextSet(from);
      from = value < 0 ? -1 : value + 1;
      return value < 0 ? { done: true, value: undefined } : { done: false, value };
    },
  };
};

/** Whether two sets have the same size and the same bits, whatever they are made of. */
export const sameBits = (one: BitSet, other: BitSet): boolean => {
  if (one.size !== other.size) return false;
  let ours = one.nextSet(0);
  let theirs = other.nextSet(0);
  while (ours === theirs && ours >= 0) {
    ours = one.nextSet(ours + 1);
    theirs = other.nextSet(theirs + 1);
  }
  return ours === theirs;
};
