/** The page that guest and daemon share, at the offsets of `RING_PAGE`. Fields are little-endian u32. */
export interface RingMemory {
  /** A copy of `length` bytes. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  readUint32(offset: number): number;
  /** @param value - Any integer; its low 32 bits are written. What was written before is seen before. */
  writeUint32(offset: number, value: number): void;
}

const PAGE_SIZE = 4096;

/**
 * A page in this process; it may be shared with other threads.
 *
 * @param page - 4096 bytes, at a multiple of 4 in their buffer.
 * @throws RangeError for anything else.
 */
export const pageMemory = (page: Uint8Array): RingMemory => {
  if (page.length !== PAGE_SIZE || page.byteOffset % 4 !== 0) {
    throw new RangeError(`a ring page has 4096 aligned bytes, not ${page.length}`);
  }
  const words = new Int32Array(page.buffer, page.byteOffset, PAGE_SIZE / 4);
  return {
    read: (offset, length) => page.slice(offset, offset + length),
    write: (offset, bytes) => page.set(bytes, offset),
    // Atomics order the index behind the data that it announces.
    readUint32: (offset) => Atomics.load(words, offset >> 2) >>> 0,
    writeUint32: (offset, value) => {
      Atomics.store(words, offset >> 2, value);
    },
  };
};
