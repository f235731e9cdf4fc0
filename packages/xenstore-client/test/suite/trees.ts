import type { TreeNode, WalkEntry } from "@xenkit/xenstore-client";
import { describe, expect, test } from "vitest";
import { type Context, coded } from "./context.ts";

/** A tree with a few hundred nodes, some of them deep. */
const plant = async ({ client, root }: Context): Promise<ReadonlyMap<string, string>> => {
  const nodes = new Map<string, string>([[root, ""]]);
  for (let index = 0; index < 300; index += 1) {
    const parts = [...index.toString(4)];
    for (let length = 1; length < parts.length; length += 1) {
      const path = `${root}/${parts.slice(0, length).join("/")}`;
      if (!nodes.has(path)) nodes.set(path, "");
    }
    nodes.set(`${root}/${parts.join("/")}`, `v${index}`);
  }
  await Promise.all([...nodes].map(([path, value]) => client.write(path, value)));
  return nodes;
};

const flat = (tree: TreeNode): Map<string, string | undefined> =>
  new Map([[tree.path, tree.value], ...tree.children.flatMap((child) => [...flat(child)])]);

const walked = async (walk: AsyncIterable<WalkEntry>): Promise<WalkEntry[]> => {
  const list: WalkEntry[] = [];
  for await (const entry of walk) list.push(entry);
  return list;
};

export const trees = (context: () => Context): void => {
  describe("trees", () => {
    test("tree reads a whole subtree, children in the server's order", async () => {
      const nodes = await plant(context());
      const { client, root } = context();
      const tree = await client.tree(root);
      expect(flat(tree)).toEqual(nodes);
      expect(tree.children.map(({ name }) => name)).toEqual(await client.list(root));
    });

    test("walk yields each node before its children, in the order of the tree", async () => {
      await plant(context());
      const { client, root } = context();
      const entries = await walked(client.walk(root));
      const inOrder = [...flat(await client.tree(root))];
      expect(entries.map(({ path, value }) => [path, value])).toEqual(inOrder);
      for (const { path, depth } of entries) {
        expect(depth).toBe(path.split("/").length - root.split("/").length);
      }
    });

    test("a walk that is left early asks for no more than a bounded number", async () => {
      await plant(context());
      const { client, root } = context();
      for await (const entry of client.walk(root)) {
        expect(entry.path).toBe(root);
        break;
      }
      await client.drained();
      expect(client.load.inFlight).toBeLessThanOrEqual(128);
    });

    test("both work in a transaction, and see its writes", async () => {
      const { client, root } = context();
      await client.write(`${root}/a`, "1");
      await client.transaction(async (tx) => {
        await tx.write(`${root}/b`, "2");
        expect([...flat(await tx.tree(root)).keys()].sort()).toEqual([
          root,
          `${root}/a`,
          `${root}/b`,
        ]);
        expect((await walked(tx.walk(root))).map(({ value }) => value).sort()).toEqual([
          "",
          "1",
          "2",
        ]);
      });
    });

    test("a root that is not there is ENOENT", async () => {
      const { client, root } = context();
      await expect(client.tree(root)).rejects.toEqual(coded("ENOENT"));
      await expect(walked(client.walk(root))).rejects.toEqual(coded("ENOENT"));
    });

    test("nodes that vanish meanwhile are left out", async () => {
      await plant(context());
      const { client, root } = context();
      const tree = client.tree(root);
      void client.rm(`${root}/1`);
      const left = flat(await tree);
      expect(left.get(`${root}/2`)).toBe("v2");
    });
  });
};
