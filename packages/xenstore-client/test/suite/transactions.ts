import { describe, expect, test } from "vitest";
import { type Context, coded, rejection, settled } from "./context.ts";

export const transactions = (context: () => Context): void => {
  describe("transactions", () => {
    test("what is written is seen inside, and outside after the commit", async () => {
      const { client, root } = context();
      const tx = await client.begin();
      await tx.write(root, "1");
      expect(await tx.read(root)).toBe("1");
      expect(await client.exists(root)).toBe(false);
      await tx.commit();
      expect(await client.read(root)).toBe("1");
      expect(tx.ended).toBe(true);
    });

    test("the body's result is the result, once it is committed", async () => {
      const { client, root } = context();
      const result = await client.transaction(async (tx) => {
        await tx.write(`${root}/a`, "1");
        await tx.mkdir(`${root}/b`);
        return tx.list(root);
      });
      expect([...result].sort()).toEqual(["a", "b"]);
      expect(await client.read(`${root}/a`)).toBe("1");
    });

    test("a body that throws leaves nothing behind", async () => {
      const { client, root, tap } = context();
      const failed = client.transaction(async (tx) => {
        await tx.write(root, "1");
        throw new RangeError("mine");
      });
      await expect(failed).rejects.toThrow("mine");
      expect(await client.exists(root)).toBe(false);
      expect(tap.openTransactions).toBe(0);
    });

    test("others' changes make it run again, until it is committed", async () => {
      const { client, root } = context();
      await client.write(root, "0");
      let runs = 0;
      await client.transaction(async (tx) => {
        runs += 1;
        const value = Number(await tx.read(root));
        if (runs <= 2) await client.write(root, `${runs * 10}`);
        await tx.write(root, `${value + 1}`);
      });
      expect(runs).toBe(3);
      expect(await client.read(root)).toBe("21");
    });

    test("it gives up after so many attempts", async () => {
      const { client, root, tap } = context();
      await client.write(root, "0");
      let runs = 0;
      const failed = client.transaction(
        async (tx) => {
          runs += 1;
          await tx.read(root);
          await client.write(root, `${runs}`);
          await tx.write(root, "mine");
        },
        { attemptsMax: 3 },
      );
      expect(await rejection(failed)).toMatchObject({
        code: "conflict",
        details: { attempts: 3 },
        cause: { code: "EAGAIN" },
      });
      expect(tap.openTransactions).toBe(0);
    });

    test("an explicit commit that comes too late is EAGAIN", async () => {
      const { client, root } = context();
      await client.write(root, "0");
      const tx = await client.begin();
      await tx.read(root);
      await client.write(root, "1");
      await tx.write(root, "2");
      await expect(tx.commit()).rejects.toEqual(coded("EAGAIN"));
      expect(await client.read(root)).toBe("1");
    });

    test("counters that many add to at once lose nothing", async () => {
      const { client, root } = context();
      await client.write(root, "0");
      const add = () =>
        client.transaction(async (tx) => {
          await tx.write(root, `${Number(await tx.read(root)) + 1}`);
        });
      await Promise.all(Array.from({ length: 8 }, add));
      expect(await client.read(root)).toBe("8");
    });

    test("requests nobody awaited are part of it", async () => {
      const { client, root } = context();
      await client.transaction((tx) => {
        void tx.write(`${root}/a`, "1");
        void tx.write(`${root}/b`, "2");
      });
      expect((await client.list(root)).sort()).toEqual(["a", "b"]);
    });

    test("after its end it takes no requests", async () => {
      const { client, root } = context();
      const tx = await client.begin();
      await tx.abort();
      await tx.abort();
      await expect(tx.read(root)).rejects.toMatchObject({
        code: "transaction-ended",
        details: { request: "READ", path: root },
      });
      await expect(tx.commit()).rejects.toEqual(coded("transaction-ended"));
    });

    test("disposal aborts", async () => {
      const { client, root, tap } = context();
      {
        await using tx = await client.begin();
        await tx.write(root, "1");
      }
      expect(await client.exists(root)).toBe(false);
      expect(tap.openTransactions).toBe(0);
    });

    test("a begin that is called off leaves nothing open", async () => {
      const { client, tap } = context();
      for (let ticks = 0; ticks < 12; ticks += 1) {
        const controller = new AbortController();
        const begun = client.begin({ signal: controller.signal });
        for (let tick = 0; tick < ticks; tick += 1) {
          await (tick < 6 ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve)));
        }
        controller.abort();
        await begun.then(
          (tx) => tx.abort(),
          (error) => expect(error).toEqual(coded("aborted")),
        );
      }
      await settled(client);
      expect(tap.openTransactions).toBe(0);
    });

    test("a signal ends it even when its body never does", async () => {
      const { client, root, tap } = context();
      const controller = new AbortController();
      const running = client.transaction(
        async (tx) => {
          await tx.write(root, "1");
          controller.abort("enough");
          await new Promise(() => {});
        },
        { signal: controller.signal },
      );
      await expect(running).rejects.toMatchObject({ code: "aborted", cause: "enough" });
      await settled(client);
      expect(tap.openTransactions).toBe(0);
      expect(await client.exists(root)).toBe(false);
    });

    test("a commit that was called off before is an abort", async () => {
      const { client, root, tap } = context();
      const tx = await client.begin();
      await tx.write(root, "1");
      const failed = await rejection(tx.commit({ signal: AbortSignal.abort() }));
      expect(failed).toMatchObject({ code: "aborted", mayHaveExecuted: false });
      expect(await client.exists(root)).toBe(false);
      expect(tap.openTransactions).toBe(0);
    });

    test("a commit that is called off while it waits to be sent may be done all the same", async () => {
      const { client, root, tap } = context();
      const tx = await client.begin();
      await tx.write(root, "1");
      const controller = new AbortController();
      const committed = rejection(tx.commit({ signal: controller.signal }));
      controller.abort();
      expect(await committed).toMatchObject({ code: "aborted", mayHaveExecuted: true });
      expect(await client.read(root)).toBe("1");
      expect(tap.openTransactions).toBe(0);
    });

    test("closing the client ends those that are open", async () => {
      const { client, root, tap } = context();
      const tx = await client.begin();
      await tx.write(root, "1");
      await client.close();
      expect(tap.openTransactions).toBe(0);
      await expect(tx.commit()).rejects.toMatchObject({ mayHaveExecuted: false });
    });

    test("reset ends those that are open", async () => {
      const { client, root } = context();
      const tx = await client.begin();
      await client.resetWatches();
      await expect(tx.write(root, "1")).rejects.toEqual(coded("transaction-ended"));
    });
  });
};
