import { readFileSync } from "node:fs";
import { readmeExamples } from "@xenkit/testkit";
import { expect, test } from "vitest";

const recipes = new URL("../docs/recipes.md", import.meta.url);

readmeExamples(recipes);

test("the recipe for vitest is a test of ours", () => {
  const block = /^```typescript\n(?<code>[\s\S]*?)^```$/m.exec(readFileSync(recipes, "utf8"));
  const ours = readFileSync(new URL("./recipe.test.ts", import.meta.url), "utf8");
  expect(block?.groups?.["code"]).toBe(ours);
});
