/** Number of words for so many bits. */
export const wordsFor = (bits: number): number => (bits + 31) >>> 5;

/** The bits, most significant first, of word `word` that lie in `from <= i < to`; the word must share a bit with the range. */
export const rangeMask = (word: number, from: number, to: number): number => {
  const start = word << 5;
  const head = from > start ? -1 >>> (from - start) : -1;
  const tail = to - start < 32 ? -1 << (32 - (to - start)) : -1;
  return head & tail;
};

/** Number of bits set in a 32-bit word. */
export const popcount = (word: number): number => {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** A word with its bits in the other order. */
export const reverseBits = (word: number): number => {
  const pairs = ((word >>> 1) & 0x55555555) | ((word & 0x55555555) << 1);
  const nibbles = ((pairs >>> 2) & 0x33333333) | ((pairs & 0x33333333) << 2);
  const bytes = ((nibbles >>> 4) & 0x0f0f0f0f) | ((nibbles & 0x0f0f0f0f) << 4);
  return (bytes << 24) | ((bytes & 0xff00) << 8) | ((bytes >>> 8) & 0xff00) | (bytes >>> 24);
};
