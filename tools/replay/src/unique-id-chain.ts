const MASK = (1n << 64n) - 1n;

/** The id after this one: x ^= x << 13; x ^= x >> 7; x ^= x << 17, on 64 bits. */
export const nextUniqueId = (id: bigint): bigint => {
  let x = id;
  x ^= (x << 13n) & MASK;
  x ^= x >> 7n;
  x ^= (x << 17n) & MASK;
  return x;
};

/** Undoes x ^= x shifted by `bits`: each round makes `bits` more bits right. */
const unshift = (value: bigint, shift: (x: bigint) => bigint, bits: number): bigint => {
  let x = value;
  for (let right = bits; right < 64; right += bits) x = value ^ shift(x);
  return x;
};

/** The id before this one. */
export const previousUniqueId = (id: bigint): bigint => {
  let x = unshift(id, (v) => (v << 17n) & MASK, 17);
  x = unshift(x, (v) => v >> 7n, 7);
  return unshift(x, (v) => (v << 13n) & MASK, 13);
};

/** How many steps lead from one id to another: 1 to `limit`, or undefined. */
export const stepsBetween = (from: bigint, to: bigint, limit: number): number | undefined => {
  let id = from;
  for (let steps = 1; steps <= limit; steps += 1) {
    id = nextUniqueId(id);
    if (id === to) return steps;
  }
  return undefined;
};
