import { type Sampler, sample } from "@xenkit/bench";
import { BITS, type Contender, contenders } from "./contenders.ts";

let x = 0x9e3779b9;

/** Never the same again: the processor would learn a list by heart. xorshift32, as in bitmap.c. */
const randomPlace = (): number => {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return (x >>> 0) % BITS;
};

/** Places all over the bitmap, for the check that all agree. */
export const PLACES_LIST: Int32Array = Int32Array.from({ length: 16384 }, randomPlace);

/** Gives what was computed a use, so that the optimiser cannot drop it. */
const used = { sum: 0 };

/**
 * Works on a pool of bitmaps: as often as `rounds` says, or until each is empty. The counters of the loops are 32-bit
 * integers (`| 0`), which the optimiser keeps in registers, as C has them.
 */
type Loop = (of: Contender<unknown>, pool: readonly unknown[], rounds: number) => number;

let copies = 0;

/**
 * The loop with machine code of its own. All contenders pass through the same source; in one
 * compiled function their calls would be megamorphic, which no user of one of them would see.
 */
const ownCode = (loop: Loop): Loop => {
  copies += 1;
  // The same text twice would share what the optimiser learnt: the number makes it another.
  return new Function(`/* ${copies} */ return ${loop.toString()}`)() as Loop;
};

/** Takes one by one until none is left, from each. */
export const oneByOne: Loop = ({ takeLowest }, pool) => {
  let sum = 0;
  for (let p = 0; p < pool.length; p += 1) {
    const set = pool[p];
    // One place that calls it: two would be two copies in the machine code.
    for (;;) {
      const index = takeLowest(set);
      if (index < 0) break;
      sum = (sum + index) | 0;
    }
  }
  return sum;
};

/** Takes all at once, from each. */
export const inBatch: Loop = ({ takeAll }, pool) => {
  let sum = 0;
  for (let p = 0; p < pool.length; p += 1) {
    const { indices, length } = takeAll(pool[p]);
    sum = (sum + (indices[length - 1] as number)) | 0;
  }
  return sum;
};

/** Marks 64 places and takes all at once, `rounds` times. */
export const markAndBatch: Loop = ({ mark, takeAll }, pool, rounds) => {
  const set = pool[0];
  const last = (rounds * 64) | 0;
  let sum = 0;
  for (let place = 0; place < last; ) {
    for (let j = 0; j < 64; j = (j + 1) | 0) {
      const mixed = Math.imul(place, 0x9e3779b1);
      mark(set, Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 17);
      place = (place + 1) | 0;
    }
    const { indices, length } = takeAll(set);
    sum = (sum + (indices[length - 1] as number)) | 0;
  }
  return sum;
};

/** Asks an empty set for its lowest bit. */
export const emptyChecks: Loop = ({ takeLowest }, pool, rounds) => {
  const set = pool[0];
  const last = rounds | 0;
  let sum = 0;
  for (let round = 0; round < last; round = (round + 1) | 0) {
    sum = (sum + takeLowest(set)) | 0;
  }
  return sum;
};

/** Marks one place and tests and clears another; the places are those of bitmap.c. */
export const setAndClear: Loop = ({ mark, testAndClear }, pool, rounds) => {
  const set = pool[0];
  const last = rounds | 0;
  let sum = 0;
  for (let round = 0; round < last; round = (round + 1) | 0) {
    mark(set, Math.imul(round, 0x9e3779b1) >>> 17);
    // A number, not a branch: it would be mispredicted half of the time.
    sum = (sum + Number(testAndClear(set, Math.imul(round, 0x85ebca6b) >>> 17))) | 0;
  }
  return sum;
};

/** Counts; one more bit each time. */
export const counts: Loop = ({ mark, count }, pool, rounds) => {
  const set = pool[0];
  const last = rounds | 0;
  let sum = 0;
  for (let round = 0; round < last; round = (round + 1) | 0) {
    mark(set, Math.imul(round, 0x9e3779b1) >>> 17);
    sum = (sum + count(set)) | 0;
  }
  return sum;
};

const SAMPLE_NS = 3e6;
/** One round may not take longer than this, or the contender is left out of the row. */
const TOO_SLOW_NS = 4e7;

/**
 * A sampler for each JavaScript contender: as many rounds of the loop as fit in a short sample.
 *
 * @param perRound - Operations in a round; times are per operation.
 */
export const samplers = (loop: Loop, perRound = 1): Record<string, Sampler> => {
  const list: Record<string, Sampler> = {};
  for (const [name, of] of Object.entries(contenders)) {
    const code = ownCode(loop);
    const pool = [of.make()];
    // Many short calls: the optimiser compiles a loop that is entered in the middle less well.
    let rounds = 1;
    let calls = 1;
    const run = (): void => {
      for (let call = 0; call < calls; call += 1) used.sum += code(of, pool, rounds);
    };
    if (sample(run, 1) > TOO_SLOW_NS) continue;
    while (rounds < 4096 && sample(run, 1) < SAMPLE_NS) rounds *= 2;
    while (calls < 1 << 16 && sample(run, 1) < SAMPLE_NS / 2) calls *= 2;
    list[name] = () => sample(run, calls * rounds * perRound);
  }
  return list;
};

/** The largest pool of bitmaps that get `bits` marks each: enough work for the clock. */
export const poolFor = (bits: number): number =>
  ({ 1: 128, 8: 64, 64: 32, [BITS]: 4 })[bits] as number;

const mark = (of: Contender<unknown>, pool: readonly unknown[], bits: number): void => {
  for (const set of pool) {
    if (bits === BITS) of.markAll(set);
    else {
      for (let j = 0; j < bits; j += 1) of.mark(set, randomPlace());
    }
  }
};

/**
 * A sampler for each JavaScript contender: marks `bits` places in each bitmap of a pool, or all;
 * then, and only this is timed, the loop takes all of them; and again, as often as fits.
 */
export const pulls = (loop: Loop, bits: number): Record<string, Sampler> => {
  const list: Record<string, Sampler> = {};
  for (const [name, of] of Object.entries(contenders)) {
    const code = ownCode(loop);
    const once = (pool: readonly unknown[]): number => {
      mark(of, pool, bits);
      return sample(() => {
        used.sum += code(of, pool, 0);
      }, 1);
    };
    // One first: who is too slow is so with one already, and who is slow gets a smaller pool.
    // Twice, should the machine have been busy with something else.
    const time = Math.min(once([of.make()]), once([of.make()]));
    if (time > TOO_SLOW_NS) continue;
    const slow = time > SAMPLE_NS / 8;
    const pool = Array.from({ length: slow ? 1 : poolFor(bits) }, of.make);
    let rounds = 1;
    const run = (): number => {
      let total = 0;
      for (let round = 0; round < rounds; round += 1) total += once(pool);
      return total;
    };
    while (rounds < 512 && run() < SAMPLE_NS / 2) rounds *= 2;
    list[name] = () => run() / (rounds * pool.length * bits);
  }
  return list;
};
