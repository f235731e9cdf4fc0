import { type Sampler, sample } from "@xenkit/bench";
import { BITS, type Contender, contenders } from "./contenders.ts";

const PLACES = 16384;

/** Places all over the bitmap, the same in each process: xorshift32. */
export const PLACES_LIST: Int32Array = (() => {
  let x = 0x9e3779b9;
  return Int32Array.from({ length: PLACES }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % BITS;
  });
})();

/** Gives what was computed a use, so that the optimiser cannot drop it. */
export const used = { sum: 0 };

type Loop = (
  contender: Contender,
  places: Int32Array,
  bits: number,
  rounds: number,
  /** Where in `places` to go on. */
  first: number,
) => number;

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

/** Marks `bits` places, or all 32,768, and takes one by one until none is left; and again. */
export const oneByOne: Loop = (contender, places, bits, rounds, first) => {
  let sum = 0;
  let place = first;
  for (let round = 0; round < rounds; round += 1) {
    if (bits === 32768) contender.markAll();
    else {
      for (let j = 0; j < bits; j += 1) {
        contender.mark(places[place] as number);
        place = (place + 1) & 16383;
      }
    }
    // One place that calls it: two would be two copies in the machine code.
    for (;;) {
      const index = contender.takeLowest();
      if (index < 0) break;
      sum = (sum + index) | 0;
    }
  }
  return sum;
};

/** The same, but takes all at once. */
export const inBatch: Loop = (contender, places, bits, rounds, first) => {
  let sum = 0;
  let place = first;
  for (let round = 0; round < rounds; round += 1) {
    if (bits === 32768) contender.markAll();
    else {
      for (let j = 0; j < bits; j += 1) {
        contender.mark(places[place] as number);
        place = (place + 1) & 16383;
      }
    }
    const { indices, length } = contender.takeAll();
    sum = (sum + (indices[length - 1] as number)) | 0;
  }
  return sum;
};

/** Asks an empty set for its lowest bit. */
export const emptyChecks: Loop = (contender, _places, _bits, rounds) => {
  let sum = 0;
  for (let round = 0; round < rounds; round += 1) {
    sum = (sum + contender.takeLowest()) | 0;
  }
  return sum;
};

/** Marks one place and tests and clears another. */
export const setAndClear: Loop = (contender, places, _bits, rounds, first) => {
  let sum = 0;
  for (let round = 0; round < rounds; round += 1) {
    contender.mark(places[(first + round) & 16383] as number);
    // A number, not a branch: it would be mispredicted half of the time.
    sum += Number(contender.testAndClear(places[((first + round) * 7) & 16383] as number));
  }
  return sum;
};

/** Counts; one more bit each time. */
export const counts: Loop = (contender, places, _bits, rounds, first) => {
  let sum = 0;
  for (let round = 0; round < rounds; round += 1) {
    contender.mark(places[(first + round) & 16383] as number);
    sum = (sum + contender.count()) | 0;
  }
  return sum;
};

const SAMPLE_NS = 4e6;
/** One round may not take longer than this, or the contender is left out of the row. */
const TOO_SLOW_NS = 4e7;

/**
 * A sampler for each JavaScript contender: as many calls as fit in a short sample.
 *
 * @param perRound - Operations in a round of the loop; times are per operation.
 */
export const samplers = (loop: Loop, bits: number, perRound: number): Record<string, Sampler> => {
  const list: Record<string, Sampler> = {};
  for (const [name, contender] of Object.entries(contenders())) {
    const code = ownCode(loop);
    // Many short calls: the optimiser compiles a loop that is entered in the middle less well.
    let perCall = 1;
    let calls = 1;
    let first = 0;
    const run = (): void => {
      for (let call = 0; call < calls; call += 1) {
        used.sum += code(contender, PLACES_LIST, bits, perCall, first);
        first = (first + perCall * perRound) & 16383;
      }
    };
    if (sample(run, 1) > TOO_SLOW_NS) continue;
    while (perCall * perRound < 1024 && sample(run, 1) < SAMPLE_NS) perCall *= 2;
    while (calls < 1 << 16 && sample(run, 1) < SAMPLE_NS / 2) calls *= 2;
    list[name] = () => sample(run, calls * perCall * perRound);
  }
  return list;
};
