import type { Watch } from "@xenkit/xenstore-client";
import { type StoreCommand, saying } from "./store-call.ts";
import { storeFailed } from "./xenkit-error.ts";

/** Readers that wait at each watch: so many events may come at once and still be told in the server's order. */
const READERS = 256;
/** Events that wait when the output is slow. */
const QUEUE_MAX = 1 << 16;

/** `xenstore-watch`: a line for each event, until `-n` of them have come, or the terminal ends. */
export const storeWatch: StoreCommand = async ({ client, options, operands, write, ended }) => {
  const watches: Watch[] = [];
  for (const path of operands) {
    const refuse = saying(`Unable to add watch on ${path}\n`);
    // The programs use the path as the token, so that no path can be watched twice.
    if (watches.some((watch) => watch.path === path)) {
      throw storeFailed(`Unable to add watch on ${path}\n`);
    }
    const watch = client.watch(path, { overflow: "drop-oldest", queueMax: QUEUE_MAX });
    await watch.ready.catch(refuse);
    watches.push(watch);
  }
  let left = options.events;
  if (left === 0) return 0;
  await new Promise<void>((resolve, reject) => {
    ended.addEventListener("abort", () => resolve(), { once: true });
    if (ended.aborted) resolve();
    const read = (watch: Watch): void => {
      watch.next().then(({ value }) => {
        if (value === undefined || left === 0) return;
        write(`${value.path}\n`);
        left -= 1;
        if (left === 0) resolve();
        else read(watch);
      }, reject);
    };
    for (const watch of watches) for (let count = 0; count < READERS; count += 1) read(watch);
  }).catch(saying("watch ended", { reason: true }));
  return 0;
};
