/**
 * The memory operations that an `AtomicBitmap` is made of: every one is a single atomic step.
 *
 * A cell is a 32-bit signed integer, all 0 at first. `load`, `or`, `and` and `add` are sequentially
 * consistent, and the last three return the value from before. `peek` is a plain read: it may
 * return any value that the cell had since this thread last changed or loaded it. The bitmap takes
 * it as a hint only.
 */
export interface AtomicMemory {
  /** What to hand to another thread so that it works on the same cells. */
  readonly buffer: SharedArrayBuffer;
  peek(cell: number): number;
  load(cell: number): number;
  or(cell: number, bits: number): number;
  and(cell: number, bits: number): number;
  add(cell: number, difference: number): number;
}

const NO_CELLS = new Int32Array(new SharedArrayBuffer(0));

/** The cells of a SharedArrayBuffer, changed by `Atomics`. */
export class SharedMemory implements AtomicMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array<SharedArrayBuffer> = NO_CELLS;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  peek(cell: number): number {
    return this.#cells[cell] as number;
  }

  load(cell: number): number {
    return Atomics.load(this.#cells, cell);
  }

  or(cell: number, bits: number): number {
    return Atomics.or(this.#cells, cell, bits);
  }

  and(cell: number, bits: number): number {
    return Atomics.and(this.#cells, cell, bits);
  }

  add(cell: number, difference: number): number {
    return Atomics.add(this.#cells, cell, difference);
  }
}
