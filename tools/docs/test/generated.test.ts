import type { PublicPackage } from "@xenkit/pack-check";
import { describe, expect, test } from "vitest";
import { fillBlocks } from "../src/generated-blocks.ts";
import { house } from "../src/house.ts";
import { packageTable } from "../src/package-table.ts";

const pkg = (
  folder: string,
  layer: PublicPackage["layer"],
  dependencies: readonly string[] = [],
): PublicPackage => ({
  folder,
  path: `/packages/${folder}`,
  layer,
  manifest: {
    name: `@xenkit/${folder}`,
    version: "0.1.0",
    description: `The ${folder}.`,
    dependencies: Object.fromEntries(
      dependencies.map((name) => [`@xenkit/${name}`, "workspace:^"]),
    ),
  },
});

const packages = [
  pkg("bit-map", "leaf"),
  pkg("core", "core", ["bit-map"]),
  pkg("app", "app", ["core", "bit-map"]),
];

describe("the picture of the house", () => {
  test("has every package in its layer, and no arrow that other arrows tell", () => {
    const picture = house(packages);
    expect(picture).toMatch(/subgraph leaf\[.*\n {4}bit_map\["bit-map"\]\n {2}end/);
    expect(picture.match(/^ {2}\w+ --> \w+$/gm)).toEqual(["  core --> bit_map", "  app --> core"]);
  });
});

describe("the table of packages", () => {
  const present = "| [`@xenkit/core`](x) | words of ours | 0.0.9 | 1 kB |";

  test("keeps the order and the words written by hand, and puts new packages at the end", () => {
    const lines = packageTable(packages, { core: { packed: 1, bundled: 7600 } }, present).split(
      "\n",
    );
    expect(lines.slice(2)).toEqual([
      "| ◦ [`@xenkit/core`](packages/core/README.md) | words of ours | 0.1.0 | 8 kB |",
      "| ◦ [`@xenkit/bit-map`](packages/bit-map/README.md) | The bit-map. | 0.1.0 | – |",
      "| [`@xenkit/app`](packages/app/README.md) | The app. | 0.1.0 | – |",
    ]);
  });

  test("made anew from itself is the same", () => {
    const table = packageTable(packages, {}, present);
    expect(packageTable(packages, {}, table)).toBe(table);
  });
});

describe("generated parts", () => {
  test("stand between their markers; the rest stays", () => {
    const document = "a\n<!-- generated: x -->\nold\n<!-- end of x -->\nb\n";
    const filled = fillBlocks(document, { x: "new" });
    expect(filled).toBe("a\n<!-- generated: x -->\n\nnew\n\n<!-- end of x -->\nb\n");
    expect(fillBlocks(filled, { x: "new" })).toBe(filled);
  });

  test.each(["", "<!-- generated: x -->", "<!-- generated: x --><!-- end of x -->".repeat(2)])(
    "need their markers exactly once: %j",
    (document) => {
      expect(() => fillBlocks(document, { x: "new" })).toThrow("exactly once");
    },
  );
});
