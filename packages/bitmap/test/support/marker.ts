/** A worker thread: tries to mark every bit, and tells how often it was the one that set it. */
import { parentPort, workerData } from "node:worker_threads";
import { AtomicBitmap } from "@xenkit/bitmap";

/** What the thread gets. */
export interface MarkerTask {
  readonly buffer: SharedArrayBuffer;
  readonly size: number;
  /** Where it starts, so that the markers do not go side by side. */
  readonly first: number;
  readonly rounds: number;
}

const { buffer, size, first, rounds } = workerData as MarkerTask;
const bitmap = new AtomicBitmap(size, buffer);
const added = new Int32Array(size);
for (let round = 0; round < rounds; round += 1) {
  for (let n = 0; n < size; n += 1) {
    // 7919 is a prime and no factor of the size: each bit once, all over the bitmap.
    const bit = (first + n * 7919) % size;
    if (!bitmap.testAndSet(bit)) added[bit] = (added[bit] as number) + 1;
  }
}
parentPort?.postMessage(added);
