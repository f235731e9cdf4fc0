import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicPackages, readSizes, root } from "@xenkit/pack-check";
import { fillBlocks } from "./generated-blocks.ts";
import { house } from "./house.ts";
import { packageTable } from "./package-table.ts";

const file = join(root, "README.md");

/** The root README as it is, and with its generated parts made anew. */
export const readme = (): { now: string; wanted: string } => {
  const packages = publicPackages();
  const now = readFileSync(file, "utf8");
  const texts = { house: house(packages), packages: packageTable(packages, readSizes(), now) };
  return { now, wanted: fillBlocks(now, texts) };
};

/** Writes the generated parts of the root README anew. */
export const updateReadme = (): void => writeFileSync(file, readme().wanted);
