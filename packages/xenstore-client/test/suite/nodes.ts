import { parsePermissions } from "@xenkit/xenstore-client";
import { describe, expect, test } from "vitest";
import { type Context, coded, rejection } from "./context.ts";

export const nodes = (context: () => Context): void => {
  describe("nodes", () => {
    test("write makes a node and its ancestors", async () => {
      const { client, root } = context();
      await client.write(`${root}/a/b`, "1");
      expect(await client.read(`${root}/a`)).toBe("");
      expect(await client.list(`${root}/a`)).toEqual(["b"]);
    });

    test("mkdir makes an empty node, and changes none", async () => {
      const { client, root } = context();
      await client.mkdir(root);
      expect(await client.read(root)).toBe("");
      await client.write(root, "kept");
      await client.mkdir(root);
      expect(await client.read(root)).toBe("kept");
    });

    test("a missing node is ENOENT, with request and path", async () => {
      const { client, root } = context();
      const failed = await rejection(client.read(root));
      expect(failed).toMatchObject({
        name: "XenstoreError",
        code: "ENOENT",
        message: `READ ${root}: ENOENT`,
        details: { request: "READ", path: root, txId: 0, name: "ENOENT" },
      });
    });

    test("exists tells", async () => {
      const { client, root } = context();
      expect(await client.exists(root)).toBe(false);
      await client.mkdir(root);
      expect(await client.exists(root)).toBe(true);
    });

    test("rm removes a node and all below it", async () => {
      const { client, root } = context();
      await client.write(`${root}/a/b`, "1");
      await client.rm(`${root}/a`);
      expect(await client.list(root)).toEqual([]);
      expect(await client.exists(`${root}/a/b`)).toBe(false);
    });

    test("rm of a missing child of a node that is there does nothing", async () => {
      const { client, root } = context();
      await client.mkdir(root);
      await client.rm(`${root}/a`);
      await expect(client.rm(`${root}/a/b`)).rejects.toEqual(coded("ENOENT"));
    });

    test("a leaf has no children", async () => {
      const { client, root } = context();
      await client.write(root, "x");
      expect(await client.list(root)).toEqual([]);
    });

    test("children come in the server's order", async () => {
      const { client, root, ways } = context();
      const names = ["b", "a", "10", "9"];
      for (const name of names) await client.mkdir(`${root}/${name}`);
      const listed = await client.list(root);
      expect([...listed].sort()).toEqual([...names].sort());
      if (ways.listOrder === "creation") expect(listed).toEqual(names);
    });

    test("a list longer than a message comes whole, where the server has a way", async () => {
      const { client, root, ways } = context();
      const names = Array.from({ length: 500 }, (_, index) => `a-rather-long-name-${index}`);
      await Promise.all(names.map((name) => client.mkdir(`${root}/${name}`)));
      if (ways.longLists === "E2BIG") {
        await expect(client.list(root)).rejects.toEqual(coded("E2BIG"));
        return;
      }
      const listed = await client.list(root);
      expect(new Set(listed)).toEqual(new Set(names));
      if (ways.listOrder === "creation") expect(listed).toEqual(names);
      await client.rm(root);
    });

    test("permissions are what was set", async () => {
      const { client, root } = context();
      await client.mkdir(root);
      const perms = { owner: 0, others: "none", entries: [{ domid: 0, access: "both" }] } as const;
      await client.setPerms(root, perms);
      expect(await client.getPerms(root)).toEqual(perms);
      await client.setPerms(root, parsePermissions(["r0"]));
      expect(await client.getPerms(root)).toEqual({ owner: 0, others: "read", entries: [] });
    });

    test.each([
      { path: "/a\0b", code: "bad-argument", why: "a NUL ends an argument" },
      { path: `/${"x".repeat(3072)}`, code: "too-long", why: "3073 bytes" },
      { path: "x".repeat(2049), code: "too-long", why: "relative, 2049 bytes" },
      { path: "/a//b", code: "EINVAL", why: "the server's own rule" },
      { path: "/a b", code: "EINVAL", why: "the server's own rule" },
      { path: "/ü", code: "EINVAL", why: "the server's own rule" },
      { path: "", code: "EINVAL", why: "the server's own rule" },
    ])("a path is refused with $code: $why", async ({ path, code }) => {
      const { client } = context();
      await expect(client.write(path, "x")).rejects.toEqual(coded(code));
      expect(await client.exists("/")).toBe(true);
    });

    test("a relative path begins at the own domain's home", async () => {
      const { client, root } = context();
      const name = root.slice(1);
      await client.write(`${name}/x`, "1");
      expect(await client.read(`/local/domain/0/${name}/x`)).toBe("1");
      await client.rm(name);
    });
  });
};
