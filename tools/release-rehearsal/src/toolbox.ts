import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root, run } from "@xenkit/pack-check";
import { must } from "./rehearsal-error.ts";

const manifests = join(import.meta.dirname, "../toolbox");

/** The versions of TypeScript that a user may have. */
export const COMPILERS = ["5.9", "6", "7"] as const;
/** The versions of Node that a user may have; the first is the oldest that `engines` allows. */
export const NODES = ["22.12", "22", "24"] as const;

/** What a rehearsal uses of other people's programs. Paths are absolute. */
export interface Toolbox {
  readonly node: (version: (typeof NODES)[number]) => string;
  /** The compiler, as arguments of a Node. */
  readonly tsc: (version: (typeof COMPILERS)[number]) => string;
  readonly verdaccio: string;
  readonly vite: string;
  readonly playwright: string;
}

/**
 * Installs the toolbox as locked, once for each state of the lockfile, from the machine's own registry.
 *
 * It is no part of the workspace: half a gigabyte that only a rehearsal needs. Two rehearsals may install at once.
 */
export const openToolbox = async (): Promise<Toolbox> => {
  must(
    process.platform === "linux" && process.arch === "x64",
    "a rehearsal runs on linux-x64: its Nodes are packages for that",
  );
  const lock = await readFile(join(manifests, "package-lock.json"));
  const name = `rehearsal-${createHash("sha256").update(lock).digest("hex").slice(0, 12)}`;
  const folder = join(root, ".toolchain", name);
  if (!existsSync(folder)) await install(folder);
  const at = (path: string): string => join(folder, "node_modules", path);
  return {
    node: (version) => at(`node-${version}/bin/node`),
    tsc: (version) => at(`typescript-${version}/${version === "7" ? "bin/tsc" : "lib/tsc.js"}`),
    verdaccio: at("verdaccio/bin/verdaccio"),
    vite: at("vite/dist/node/index.js"),
    playwright: at("playwright-core/index.mjs"),
  };
};

const install = async (folder: string): Promise<void> => {
  const fresh = `${folder}.${process.pid}`;
  await mkdir(dirname(folder), { recursive: true });
  try {
    await cp(manifests, fresh, { recursive: true });
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    await run(["npm", "ci", ...flags], { cwd: fresh, timeoutMs: 300_000 });
    if (!existsSync(folder)) await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
};
