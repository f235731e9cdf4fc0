import { connect, type WatchOverflow } from "@xenkit/xenstore-client";
import { MESSAGE } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { event, reply, scriptedPeer } from "./peer.ts";

/** The rules, the slow way: what a reader of each policy may expect. */
const model = (overflow: WatchOverflow, limit: number) => {
  let queue: { path: string; missed: number }[] = [];
  let missed = 0;
  return {
    push: (path: string): void => {
      const special = path.startsWith("@");
      if (overflow === "merge" && !special && queue.some((queued) => queued.path === path)) return;
      if (queue.length < limit) {
        queue.push({ path, missed: 0 });
      } else if (overflow === "merge") {
        const all = queue.reduce((sum, queued) => sum + 1 + queued.missed, 1);
        queue = [{ path: "/w", missed: all }];
      } else {
        queue.shift();
        missed += 1;
        queue.push({ path, missed: 0 });
      }
    },
    shift: () => {
      const next = queue.shift();
      if (next === undefined) return undefined;
      const told = { path: next.path, missed: next.missed + missed };
      missed = 0;
      return told;
    },
    get size() {
      return queue.length;
    },
  };
};

describe("the queue of a watch", () => {
  test.each<WatchOverflow>(["merge", "drop-oldest"])(
    "behaves like its model: %s",
    async (overflow) => {
      const step = fc.oneof(
        fc.constantFrom("/w", "/w/a", "/w/b", "/w/c", "/w/d", "@releaseDomain"),
        fc.constant("read"),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 40 }),
          fc.integer({ min: 1, max: 4 }),
          async (steps, limit) => {
            let token = "";
            const peer = scriptedPeer((request) => {
              if (request.type === MESSAGE.watch) token = request.payload.split("\0")[1] ?? "";
              return reply(request);
            });
            const client = await connect(peer.transport);
            const watch = client.watch("/w", { overflow, queueMax: limit });
            await watch.ready;
            const expected = model(overflow, limit);
            for (const path of steps) {
              if (path !== "read") {
                expected.push(path);
                peer.say(event(path, token));
              } else if (expected.size > 0) {
                expect((await watch.next()).value).toEqual(expected.shift());
              }
            }
            while (expected.size > 0) expect((await watch.next()).value).toEqual(expected.shift());
            client.destroy();
            expect(await watch.next()).toEqual({ value: undefined, done: true });
          },
        ),
        { numRuns: 150 },
      );
    },
  );
});
