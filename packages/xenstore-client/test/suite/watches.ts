import type { WatchEvent } from "@xenkit/xenstore-client";
import { describe, expect, test } from "vitest";
import { type Context, coded, settled } from "./context.ts";

/** The paths of the next `count` events. */
const paths = async (watch: AsyncIterator<WatchEvent>, count: number): Promise<string[]> => {
  const list: string[] = [];
  while (list.length < count) list.push((await watch.next()).value.path);
  return list;
};

export const watches = (context: () => Context): void => {
  describe("watches", () => {
    test("the first event says: read it now, also where nothing is", async () => {
      const { client, root } = context();
      await using watch = client.watch(root);
      expect(await watch.next()).toEqual({ value: { path: root, missed: 0 }, done: false });
    });

    test("a change of the node and of what is below it is an event", async () => {
      const { client, root } = context();
      await using watch = client.watch(root);
      await watch.next();
      await client.write(root, "1");
      expect(await paths(watch, 1)).toEqual([root]);
      await client.write(`${root}/a/b`, "1");
      expect(await paths(watch, 1)).toEqual([`${root}/a/b`]);
      await client.rm(`${root}/a`);
      expect(await paths(watch, 1)).toEqual([`${root}/a`]);
    });

    test("break takes the watch back", async () => {
      const { client, root, tap } = context();
      const seen: string[] = [];
      for await (const { path } of client.watch(root)) {
        seen.push(path);
        if (seen.length === 2) break;
        await client.write(root, "1");
      }
      expect(seen).toEqual([root, root]);
      expect(tap.watches).toBe(0);
    });

    test("a request made after the watch is seen by it", async () => {
      const { client, root } = context();
      await using watch = client.watch(root);
      void client.write(`${root}/a`, "1");
      expect(await paths(watch, 2)).toEqual([root, `${root}/a`]);
    });

    test("equal events that nobody read are one", async () => {
      const { client, root } = context();
      await using watch = client.watch(root);
      for (let count = 0; count < 20; count += 1) await client.write(`${root}/a`, `${count}`);
      await client.write(`${root}/b`, "end");
      await settled(client);
      const list = await paths(watch, 3);
      expect(list).toEqual([root, `${root}/a`, `${root}/b`]);
    });

    test("two watches of one path have events of their own", async () => {
      const { client, root } = context();
      await using one = client.watch(root);
      await using two = client.watch(root);
      await client.write(`${root}/y`, "1");
      expect(await paths(one, 2)).toEqual([root, `${root}/y`]);
      expect(await paths(two, 2)).toEqual([root, `${root}/y`]);
      await one.close();
      await client.write(`${root}/x`, "2");
      expect(await paths(two, 1)).toEqual([`${root}/x`]);
    });

    test("a relative path stays relative in the events", async () => {
      const { client, root } = context();
      const name = root.slice(1);
      await using watch = client.watch(name);
      await client.write(`${name}/x`, "1");
      expect(await paths(watch, 2)).toEqual([name, `${name}/x`]);
      await client.rm(name);
    });

    test("a depth leaves out what is deeper", async () => {
      const { client, root } = context();
      await using node = client.watch(root, { depth: 0 });
      await using children = client.watch(root, { depth: 1 });
      expect(await paths(node, 1)).toEqual([root]);
      expect(await paths(children, 1)).toEqual([root]);
      await client.write(`${root}/a/b`, "1");
      await client.write(`${root}/a`, "1");
      await client.write(root, "1");
      expect(await paths(node, 1)).toEqual([root]);
      expect(await paths(children, 2)).toEqual([`${root}/a`, root]);
    });

    test("a callback gets one event at a time", async () => {
      const { client, root } = context();
      const seen: string[] = [];
      let busy = false;
      const subscription = client.subscribe(root, async ({ path }) => {
        expect(busy).toBe(false);
        busy = true;
        await client.exists("/");
        seen.push(path);
        busy = false;
      });
      await subscription.ready;
      await client.write(`${root}/a`, "1");
      await expect.poll(() => seen).toEqual([root, `${root}/a`]);
      await subscription.close();
      await subscription.ended;
    });

    test("a callback that throws ends its watch with its error", async () => {
      const { client, root, tap } = context();
      const subscription = client.subscribe(root, () => {
        throw new TypeError("mine");
      });
      await expect(subscription.ended).rejects.toThrow("mine");
      await settled(client);
      expect(tap.watches).toBe(0);
    });

    test("a signal ends the iteration with its reason, and the watch", async () => {
      const { client, root, tap } = context();
      const controller = new AbortController();
      const watch = client.watch(root, { signal: controller.signal });
      await watch.next();
      const next = watch.next();
      controller.abort("enough");
      await expect(next).rejects.toMatchObject({ code: "aborted", cause: "enough" });
      expect(await watch.next()).toEqual({ value: undefined, done: true });
      await settled(client);
      expect(tap.watches).toBe(0);
    });

    test("a signal that was given before keeps it from being set", async () => {
      const { client, root, tap } = context();
      const watch = client.watch(root, { signal: AbortSignal.abort("enough") });
      await expect(watch.ready).rejects.toMatchObject({ code: "aborted", cause: "enough" });
      await expect(watch.next()).rejects.toEqual(coded("aborted"));
      await settled(client);
      expect(tap.watches).toBe(0);
    });

    test("a path that no server takes is the error of ready and of the iteration", async () => {
      const { client } = context();
      const watch = client.watch("/a//b");
      await expect(watch.ready).rejects.toEqual(coded("EINVAL"));
      await expect(watch.next()).rejects.toEqual(coded("EINVAL"));
      expect(watch.closed).toBe(true);
    });

    test("reset ends every watch, and taking one back afterwards does no harm", async () => {
      const { client, root } = context();
      const watch = client.watch(root);
      await watch.ready;
      await client.resetWatches();
      await watch.close();
      expect(watch.closed).toBe(true);
      await client.write(root, "1");
      await using again = client.watch(root);
      expect(await paths(again, 1)).toEqual([root]);
    });

    test("watching a thousand times in turn leaves nothing behind", async () => {
      const { client, root, tap } = context();
      for (let count = 0; count < 200; count += 1) {
        await Promise.all(Array.from({ length: 5 }, () => client.watch(root).close()));
      }
      expect(tap.watches).toBe(0);
    });
  });

  describe("waitFor", () => {
    test("gives the value as soon as it is there", async () => {
      const { client, root } = context();
      const value = client.waitFor(`${root}/state`, (state) => state === "4");
      await client.write(`${root}/state`, "1");
      await client.write(`${root}/state`, "4");
      expect(await value).toBe("4");
    });

    test("says undefined of a node that is not there", async () => {
      const { client, root } = context();
      await client.write(root, "1");
      const gone = client.waitFor(root, (value) => value === undefined);
      await client.rm(root);
      expect(await gone).toBeUndefined();
    });

    test("gives up after a time, and by a signal", async () => {
      const { client, root } = context();
      const late = client.waitFor(root, () => false, { timeoutMs: 20 });
      await expect(late).rejects.toMatchObject({ code: "timeout", details: { afterMs: 20 } });
      const controller = new AbortController();
      const ended = client.waitFor(root, () => false, { signal: controller.signal });
      controller.abort("enough");
      await expect(ended).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    });
  });
};
