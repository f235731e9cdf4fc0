import type { ClientStatus } from "@xenkit/xenstore-client";
import { describe, expect, test } from "vitest";
import { type Context, coded, rejection } from "./context.ts";

export const life = (context: () => Context): void => {
  describe("the life of a connection", () => {
    test("after a loss the client connects again and goes on", async () => {
      const { client, tap, root } = context();
      await client.write(root, "1");
      const statuses: ClientStatus["status"][] = [];
      client.onStatus(({ status }) => statuses.push(status));
      tap.cut();
      expect(client.status).toBe("lost");
      expect(await client.read(root)).toBe("1");
      expect(statuses).toEqual(["lost", "connecting", "ready"]);
    });

    test("what was in flight fails, and says that it may have been done", async () => {
      const { client, tap, root } = context();
      tap.deafen();
      const failed = rejection(client.write(root, "1"));
      await client.drained();
      tap.cut();
      expect(await failed).toMatchObject({ code: "disconnected", mayHaveExecuted: true });
    });

    test("what was not sent waits for the next connection", async () => {
      const { client, tap, root } = context();
      const written = client.write(root, "1");
      tap.cut();
      await written;
      expect(await client.read(root)).toBe("1");
      expect(tap.opened).toBe(2);
    });

    test("watches come again, and say again: read it now", async () => {
      const { client, tap, root } = context();
      await using watch = client.watch(root);
      await watch.next();
      tap.cut();
      expect((await watch.next()).value).toEqual({ path: root, missed: 0 });
      await client.write(`${root}/a`, "1");
      expect((await watch.next()).value).toEqual({ path: `${root}/a`, missed: 0 });
    });

    test("waitFor outlives a loss", async () => {
      const { client, tap, root } = context();
      const value = client.waitFor(root, (found) => found === "1");
      await client.exists("/");
      tap.cut();
      await client.write(root, "1");
      expect(await value).toBe("1");
    });

    test("a transaction is lost with its connection, and was not done", async () => {
      const { client, tap, root } = context();
      const tx = await client.begin();
      await tx.write(root, "1");
      tap.cut();
      expect(await rejection(tx.read(root))).toMatchObject({
        code: "disconnected",
        mayHaveExecuted: false,
      });
      await expect(tx.commit()).rejects.toEqual(coded("disconnected"));
      expect(await client.exists(root)).toBe(false);
    });

    test("transaction() outlives a loss: its body runs again", async () => {
      const { client, tap, root } = context();
      let runs = 0;
      await client.transaction(async (tx) => {
        runs += 1;
        await tx.write(`${root}/${runs}`, "1");
        if (runs === 1) tap.cut();
      });
      expect(runs).toBe(2);
      expect(await client.list(root)).toEqual(["2"]);
    });

    test("close answers what was asked before, and refuses what comes after", async () => {
      const { client, root } = context();
      const written = client.write(root, "1");
      const closing = client.close();
      const late = rejection(client.read(root));
      await Promise.all([written, closing]);
      expect(await late).toMatchObject({ code: "closed", mayHaveExecuted: false });
      expect(client.status).toBe("closed");
      await client.close();
    });

    test("close ends the watches' iterations", async () => {
      const { client, root } = context();
      const watch = client.watch(root);
      await watch.next();
      const next = watch.next();
      await client.close();
      expect(await next).toEqual({ value: undefined, done: true });
      const after = client.watch(root);
      await expect(after.next()).rejects.toEqual(coded("closed"));
    });

    test("destroy fails what waits", async () => {
      const { client, root, tap } = context();
      if (tap.traits?.outlivesClose === true) return;
      const written = rejection(client.write(root, "1"));
      client.destroy();
      expect(await written).toMatchObject({ code: "closed", mayHaveExecuted: false });
    });
  });
};
