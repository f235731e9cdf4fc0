import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that live: on the heap, and in buffers. Collects all garbage first. */
export const liveBytes = async (): Promise<number> => {
  for (let round = 0; round < 3; round += 1) {
    collect();
    // Sockets that have been closed let go of their buffers later.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
