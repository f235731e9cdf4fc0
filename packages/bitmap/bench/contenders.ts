import { BitField } from "@thi.ng/bitfield";
import { AtomicBitmap, Bitmap } from "@xenkit/bitmap";
import BitSetOfBitset from "bitset";
import FastBitSet from "fastbitset";
import { BitSet as MnemonistBitSet } from "mnemonist";
import { RoaringBitmap32, roaringLibraryInitialize } from "roaring-wasm";
import { TypedFastBitSet } from "typedfastbitset";
import { BareBitmap } from "./bare.ts";

export const BITS = 32768;

/**
 * What each contender has to do, by the best means that its public interface offers: functions that
 * take the set, so that those of a whole pool are the same to the optimiser.
 */
export interface Contender<T> {
  readonly make: () => T;
  readonly mark: (set: T, index: number) => void;
  readonly markAll: (set: T) => void;
  /** Lowest set bit, found and cleared; -1 when empty. */
  readonly takeLowest: (set: T) => number;
  /** All set bits, ascending, and all are clear then. The first `length` of `indices` count. */
  readonly takeAll: (set: T) => { readonly indices: ArrayLike<number>; readonly length: number };
  readonly testAndClear: (set: T, index: number) => boolean;
  readonly count: (set: T) => number;
}

const listed = (indices: ArrayLike<number>): { indices: ArrayLike<number>; length: number } => ({
  indices,
  length: indices.length,
});

const indices = new Int32Array(BITS);

const bitmap: Contender<Bitmap> = {
  make: () => new Bitmap(BITS),
  mark: (set, index) => set.set(index),
  markAll: (set) => set.fill(),
  takeLowest: (set) => set.takeLowest(),
  takeAll: (set) => ({ indices, length: set.drain(indices) }),
  testAndClear: (set, index) => set.testAndClear(index),
  count: (set) => set.count,
};

// The same functions again: shared ones would meet objects of two classes, and be slower for both.
const atomicBitmap: Contender<AtomicBitmap> = {
  make: () => new AtomicBitmap(BITS),
  mark: (set, index) => set.set(index),
  markAll: (set) => set.fill(),
  takeLowest: (set) => set.takeLowest(),
  takeAll: (set) => ({ indices, length: set.drain(indices) }),
  testAndClear: (set, index) => set.testAndClear(index),
  count: (set) => set.count,
};

const bare: Contender<BareBitmap> = {
  make: () => new BareBitmap(),
  mark: (set, index) => set.set(index),
  markAll: (set) => set.fill(),
  takeLowest: (set) => set.takeLowest(),
  takeAll: (set) => {
    let length = 0;
    for (let index = set.takeLowest(); index !== -1; index = set.takeLowest()) {
      indices[length] = index;
      length += 1;
    }
    return { indices, length };
  },
  testAndClear: (set, index) => set.testAndClear(index),
  count: (set) => set.count(),
};

const typedfastbitset: Contender<TypedFastBitSet> = {
  make: () => {
    const set = new TypedFastBitSet();
    set.resize(BITS - 1);
    return set;
  },
  mark: (set, index) => set.add(index),
  markAll: (set) => set.addRange(0, BITS),
  takeLowest: (set) => {
    for (const index of set) {
      set.remove(index);
      return index;
    }
    return -1;
  },
  takeAll: (set) => {
    const indices = set.array();
    set.clear();
    return listed(indices);
  },
  testAndClear: (set, index) => {
    const had = set.has(index);
    set.remove(index);
    return had;
  },
  count: (set) => set.size(),
};

const fastbitset: Contender<FastBitSet> = {
  make: () => {
    const set = new FastBitSet();
    set.resize(BITS - 1);
    return set;
  },
  mark: (set, index) => set.add(index),
  markAll: (set) => {
    for (let index = 0; index < BITS; index += 1) set.add(index);
  },
  takeLowest: (set) => {
    for (const index of set) {
      set.remove(index);
      return index;
    }
    return -1;
  },
  takeAll: (set) => {
    const indices = set.array();
    set.clear();
    set.resize(BITS - 1);
    return listed(indices);
  },
  testAndClear: (set, index) => {
    const had = set.has(index);
    set.remove(index);
    return had;
  },
  count: (set) => set.size(),
};

const bitset: Contender<BitSetOfBitset> = {
  make: () => new BitSetOfBitset(),
  mark: (set, index) => set.set(index, 1),
  // `setRange(0, 32767, 1)` of an empty set leaves the last word out in this release.
  markAll: (set) => {
    for (let index = 0; index < BITS; index += 1) set.set(index, 1);
  },
  takeLowest: (set) => {
    // `lsb()` of an empty set is 0 in this package.
    const index = set.lsb();
    if (set.get(index) === 0) return -1;
    set.set(index, 0);
    return index;
  },
  takeAll: (set) => {
    const indices = set.toArray();
    set.clear();
    return listed(indices);
  },
  testAndClear: (set, index) => {
    const had = set.get(index) !== 0;
    set.set(index, 0);
    return had;
  },
  count: (set) => set.cardinality(),
};

const roaring: Contender<RoaringBitmap32> = {
  make: () => new RoaringBitmap32(),
  mark: (set, index) => {
    set.add(index);
  },
  markAll: (set) => set.addRange(0, BITS),
  takeLowest: (set) => {
    if (set.isEmpty) return -1;
    const index = set.minimum();
    set.remove(index);
    return index;
  },
  takeAll: (set) => {
    const indices = set.toUint32Array();
    set.clear();
    return listed(indices);
  },
  testAndClear: (set, index) => set.delete(index),
  count: (set) => set.size,
};

const bitfield: Contender<BitField> = {
  make: () => new BitField(BITS),
  mark: (set, index) => {
    set.setAt(index, 1);
  },
  markAll: (set) => {
    set.fill(1);
  },
  takeLowest: (set) => {
    for (const index of set.positions()) {
      set.setAt(index, 0);
      return index;
    }
    return -1;
  },
  takeAll: (set) => {
    const indices = [...set.positions()];
    set.clear();
    return listed(indices);
  },
  testAndClear: (set, index) => set.setAt(index, 0) !== 0,
  count: (set) => set.popCount(),
};

const mnemonist: Contender<MnemonistBitSet> = {
  make: () => new MnemonistBitSet(BITS),
  mark: (set, index) => set.set(index),
  markAll: (set) => {
    for (let index = 0; index < BITS; index += 1) set.set(index);
  },
  takeLowest: (set) => {
    if (set.size === 0) return -1;
    for (const [index, value] of set.entries()) {
      if (value) {
        set.set(index, false);
        return index;
      }
    }
    return -1;
  },
  takeAll: (set) => {
    const indices: number[] = [];
    set.forEach((value, index) => {
      if (value) indices.push(index);
    });
    set.clear();
    return listed(indices);
  },
  testAndClear: (set, index) => {
    const had = set.test(index);
    set.set(index, false);
    return had;
  },
  count: (set) => set.size,
};

await roaringLibraryInitialize();

export const OURS = "Bitmap";
const OURS_ATOMIC = "AtomicBitmap";
const BARE = "JavaScript, bare";

/** By name. Each works on sets of its own kind only, which `make` makes. */
export const contenders: Readonly<Record<string, Contender<unknown>>> = {
  [OURS]: bitmap,
  [OURS_ATOMIC]: atomicBitmap,
  [BARE]: bare,
  typedfastbitset,
  fastbitset,
  bitset,
  "roaring-wasm": roaring,
  "@thi.ng/bitfield": bitfield,
  mnemonist,
} as Readonly<Record<string, Contender<unknown>>>;
