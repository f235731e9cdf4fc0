import { BitField } from "@thi.ng/bitfield";
import { AtomicBitmap, Bitmap } from "@xenkit/bitmap";
import BitSetOfBitset from "bitset";
import FastBitSet from "fastbitset";
import { BitSet as MnemonistBitSet } from "mnemonist";
import { RoaringBitmap32, roaringLibraryInitialize } from "roaring-wasm";
import { TypedFastBitSet } from "typedfastbitset";

export const BITS = 32768;

/** What each contender has to do, by the best means that its public interface offers. */
export interface Contender {
  readonly mark: (index: number) => void;
  readonly markAll: () => void;
  /** Lowest set bit, found and cleared; -1 when empty. */
  readonly takeLowest: () => number;
  /** All set bits, ascending, and all are clear then. The first `length` of `indices` count. */
  readonly takeAll: () => { readonly indices: ArrayLike<number>; readonly length: number };
  readonly testAndClear: (index: number) => boolean;
  readonly count: () => number;
}

const listed = (indices: ArrayLike<number>): { indices: ArrayLike<number>; length: number } => ({
  indices,
  length: indices.length,
});

const bitmap = (): Contender => {
  const set = new Bitmap(BITS);
  const indices = new Int32Array(BITS);
  return {
    mark: (index) => set.set(index),
    markAll: () => set.fill(),
    takeLowest: () => set.takeLowest(),
    takeAll: () => ({ indices, length: set.drain(indices) }),
    testAndClear: (index) => set.testAndClear(index),
    count: () => set.count,
  };
};

// The same text once more: calls of one closure must see one class only.
const atomicBitmap = (): Contender => {
  const set = new AtomicBitmap(BITS);
  const indices = new Int32Array(BITS);
  return {
    mark: (index) => set.set(index),
    markAll: () => set.fill(),
    takeLowest: () => set.takeLowest(),
    takeAll: () => ({ indices, length: set.drain(indices) }),
    testAndClear: (index) => set.testAndClear(index),
    count: () => set.count,
  };
};

const typedfastbitset = (): Contender => {
  const set = new TypedFastBitSet();
  set.resize(BITS - 1);
  return {
    mark: (index) => set.add(index),
    markAll: () => set.addRange(0, BITS),
    takeLowest: () => {
      for (const index of set) {
        set.remove(index);
        return index;
      }
      return -1;
    },
    takeAll: () => {
      const indices = set.array();
      set.clear();
      return listed(indices);
    },
    testAndClear: (index) => {
      const had = set.has(index);
      set.remove(index);
      return had;
    },
    count: () => set.size(),
  };
};

const fastbitset = (): Contender => {
  const set = new FastBitSet();
  set.resize(BITS - 1);
  return {
    mark: (index) => set.add(index),
    markAll: () => {
      for (let index = 0; index < BITS; index += 1) set.add(index);
    },
    takeLowest: () => {
      for (const index of set) {
        set.remove(index);
        return index;
      }
      return -1;
    },
    takeAll: () => {
      const indices = set.array();
      set.clear();
      set.resize(BITS - 1);
      return listed(indices);
    },
    testAndClear: (index) => {
      const had = set.has(index);
      set.remove(index);
      return had;
    },
    count: () => set.size(),
  };
};

const bitset = (): Contender => {
  const set = new BitSetOfBitset();
  return {
    mark: (index) => set.set(index, 1),
    // `setRange(0, 32767, 1)` of an empty set leaves the last word out in this release.
    markAll: () => {
      for (let index = 0; index < BITS; index += 1) set.set(index, 1);
    },
    takeLowest: () => {
      // `lsb()` of an empty set is 0 in this package.
      const index = set.lsb();
      if (set.get(index) === 0) return -1;
      set.set(index, 0);
      return index;
    },
    takeAll: () => {
      const indices = set.toArray();
      set.clear();
      return listed(indices);
    },
    testAndClear: (index) => {
      const had = set.get(index) !== 0;
      set.set(index, 0);
      return had;
    },
    count: () => set.cardinality(),
  };
};

const roaring = (): Contender => {
  const set = new RoaringBitmap32();
  return {
    mark: (index) => {
      set.add(index);
    },
    markAll: () => set.addRange(0, BITS),
    takeLowest: () => {
      if (set.isEmpty) return -1;
      const index = set.minimum();
      set.remove(index);
      return index;
    },
    takeAll: () => {
      const indices = set.toUint32Array();
      set.clear();
      return listed(indices);
    },
    testAndClear: (index) => set.delete(index),
    count: () => set.size,
  };
};

const bitfield = (): Contender => {
  const set = new BitField(BITS);
  return {
    mark: (index) => {
      set.setAt(index, 1);
    },
    markAll: () => {
      set.fill(1);
    },
    takeLowest: () => {
      for (const index of set.positions()) {
        set.setAt(index, 0);
        return index;
      }
      return -1;
    },
    takeAll: () => {
      const indices = [...set.positions()];
      set.clear();
      return listed(indices);
    },
    testAndClear: (index) => set.setAt(index, 0) !== 0,
    count: () => set.popCount(),
  };
};

const mnemonist = (): Contender => {
  const set = new MnemonistBitSet(BITS);
  return {
    mark: (index) => set.set(index),
    markAll: () => {
      for (let index = 0; index < BITS; index += 1) set.set(index);
    },
    takeLowest: () => {
      if (set.size === 0) return -1;
      for (const [index, value] of set.entries()) {
        if (value) {
          set.set(index, false);
          return index;
        }
      }
      return -1;
    },
    takeAll: () => {
      const indices: number[] = [];
      set.forEach((value, index) => {
        if (value) indices.push(index);
      });
      set.clear();
      return listed(indices);
    },
    testAndClear: (index) => {
      const had = set.test(index);
      set.set(index, false);
      return had;
    },
    count: () => set.size,
  };
};

await roaringLibraryInitialize();

export const OURS = "Bitmap";
export const OURS_ATOMIC = "AtomicBitmap";

/** Fresh and empty ones, by name. */
export const contenders = (): Readonly<Record<string, Contender>> => ({
  [OURS]: bitmap(),
  [OURS_ATOMIC]: atomicBitmap(),
  typedfastbitset: typedfastbitset(),
  fastbitset: fastbitset(),
  bitset: bitset(),
  "roaring-wasm": roaring(),
  "@thi.ng/bitfield": bitfield(),
  mnemonist: mnemonist(),
});
