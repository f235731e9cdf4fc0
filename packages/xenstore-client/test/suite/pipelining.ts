import { describe, expect, test } from "vitest";
import { type Context, coded, rejection } from "./context.ts";

export const pipelining = (context: () => Context): void => {
  describe("pipelining", () => {
    test("many requests without waiting get their own answers", async () => {
      const { client, root } = context();
      const all = Array.from({ length: 500 }, (_, index) => index);
      await Promise.all(all.map((index) => client.write(`${root}/${index}`, `value ${index}`)));
      const values = await Promise.all(all.map((index) => client.read(`${root}/${index}`)));
      expect(values).toEqual(all.map((index) => `value ${index}`));
    });

    test("requests are done in the order they were made", async () => {
      const { client, root } = context();
      const written = client.write(root, "1");
      const first = client.read(root);
      const again = client.write(root, "2");
      const second = client.read(root);
      expect(await Promise.all([written, first, again, second])).toEqual([
        undefined,
        "1",
        undefined,
        "2",
      ]);
    });

    test("an error among many is the error of its own request", async () => {
      const { client, root } = context();
      const [made, failed, read] = await Promise.allSettled([
        client.write(root, "1"),
        client.read(`${root}/nope`),
        client.read(root),
      ]);
      expect(made.status).toBe("fulfilled");
      expect(failed).toMatchObject({
        reason: { code: "ENOENT", details: { path: `${root}/nope` } },
      });
      expect(read).toMatchObject({ value: "1" });
    });

    test("requests made together leave in few sends", async () => {
      const { client, tap } = context();
      if (tap.traits?.oneMessagePerSend === true) throw new Error("not over this transport");
      const sends = tap.sends;
      await Promise.all(Array.from({ length: 100 }, () => client.exists("/")));
      expect(tap.sends - sends).toBeLessThanOrEqual(3);
    });

    test("no more are in flight than allowed, and all are answered", async () => {
      const { root, other, tap } = context();
      if (tap.traits?.outlivesClose === true) await context().client.close();
      const { client } = await other({ maxInFlight: 4 });
      let most = 0;
      const all = Array.from({ length: 50 }, async (_, index) => {
        await client.write(`${root}/${index}`, "x");
        most = Math.max(most, client.load.inFlight);
      });
      await Promise.all(all);
      expect(most).toBeLessThanOrEqual(4);
      await client.drained();
      expect(client.load).toEqual({ inFlight: 0, queued: 0 });
    });

    test("one request more than may wait is refused at once", async () => {
      const { other, tap } = context();
      if (tap.traits?.outlivesClose === true) await context().client.close();
      const { client } = await other({ maxQueued: 3 });
      const all = Array.from({ length: 4 }, () => client.exists("/"));
      expect(await rejection(all[3] as Promise<unknown>)).toMatchObject({
        code: "overloaded",
        details: { limit: 3 },
      });
      expect(await Promise.all(all.slice(0, 3))).toEqual([true, true, true]);
    });

    test("a signal takes back what was not sent", async () => {
      const { client, root } = context();
      const controller = new AbortController();
      const written = client.write(root, "x", { signal: controller.signal });
      controller.abort("enough");
      const failed = await rejection(written);
      expect(failed).toMatchObject({ code: "aborted", cause: "enough", mayHaveExecuted: false });
      expect(await client.exists(root)).toBe(false);
    });

    test("a signal that was given before keeps the request from being made", async () => {
      const { client, root } = context();
      const written = client.write(root, "x", { signal: AbortSignal.abort() });
      await expect(written).rejects.toEqual(coded("aborted"));
      expect(await client.exists(root)).toBe(false);
    });
  });
};
