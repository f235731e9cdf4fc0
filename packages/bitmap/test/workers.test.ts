import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { AtomicBitmap } from "@xenkit/bitmap";
import { expect, test } from "vitest";
import type { MarkerTask } from "./support/marker.ts";

const SIZE = 32751;
const MARKERS = 3;
const ROUNDS = 6;

const startMarker = (task: MarkerTask): Worker =>
  new Worker(new URL("./support/marker.ts", import.meta.url), {
    workerData: task,
    execArgv: ["--conditions=@xenkit/source"],
  });

test("accounts for every bit that several threads mark while this one drains", async () => {
  const bitmap = new AtomicBitmap(SIZE);
  const taken = new Int32Array(SIZE);
  const added = new Int32Array(SIZE);
  const addTo = (sums: Int32Array, index: number, many: number): void => {
    sums[index] = (sums[index] as number) + many;
  };
  const markers = Array.from({ length: MARKERS }, (_, index) =>
    startMarker({ buffer: bitmap.buffer, size: SIZE, first: index * 11, rounds: ROUNDS }),
  );
  let running = MARKERS;
  const allDone = Promise.all(
    markers.map(async (marker) => {
      const [sums] = (await once(marker, "message")) as [Int32Array];
      for (const [index, many] of sums.entries()) addTo(added, index, many);
      running -= 1;
      await marker.terminate();
    }),
  );
  const into = new Int32Array(100);
  const takeSome = (): number => {
    const length = bitmap.drain(into);
    for (const index of into.subarray(0, length)) addTo(taken, index, 1);
    const single = bitmap.takeLowest();
    if (single >= 0) addTo(taken, single, 1);
    return length;
  };
  let whileRunning = 0;
  // The message that ends it comes only when this thread gives way.
  for (let n = 0; running > 0; n += 1) {
    whileRunning += takeSome();
    if (n % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await allDone;
  while (takeSome() > 0);
  expect(taken).toEqual(added);
  expect(whileRunning).toBeGreaterThan(0);
  expect(added.every((many) => many >= 1 && many <= MARKERS * ROUNDS)).toBe(true);
  expect([bitmap.count, bitmap.nextSet(0), bitmap.takeLowest()]).toEqual([0, -1, -1]);
});
