import { join } from "node:path";

/**
 * One root script: a list of programs with their arguments; the user's arguments go to the last one.
 *
 * @typedef {{ steps: string[][], cwd: "root" | "caller" }} Command
 */

const source = "--conditions=@xenkit/source";

/**
 * The root scripts, by name. Paths are absolute, so that they work from any folder, also from one with spaces.
 *
 * @param {string} root - The folder of the checkout.
 * @returns {Record<string, Command>}
 */
export const commandsOf = (root) => {
  const bin = (/** @type {string} */ path) => join(root, "node_modules", path);
  const script = (/** @type {string} */ path) => ["node", source, join(root, path)];
  const vitest = ["node", bin("vitest/vitest.mjs"), "run"];
  const turbo = ["node", bin("turbo/bin/turbo")];
  const build = [...turbo, "run", "build", "--output-logs=errors-only"];
  const packCheck = script("tools/pack-check/src/main.ts");
  const docs = script("tools/docs/src/main.ts");
  const changeset = ["node", bin("@changesets/cli/bin.js")];
  return {
    start: { steps: [[...script("packages/xenkit/src/bin.ts"), "up", "--demo"]], cwd: "caller" },
    xenkit: { steps: [script("packages/xenkit/src/bin.ts")], cwd: "caller" },
    replay: { steps: [script("tools/replay/src/main.ts")], cwd: "caller" },
    explore: { steps: [script("tools/explore/src/main.ts")], cwd: "caller" },
    simulate: { steps: [script("tools/simulate/src/main.ts")], cwd: "caller" },
    oracle: { steps: [script("tools/oracle/src/main.ts")], cwd: "caller" },
    differential: { steps: [script("tools/differential/src/main.ts")], cwd: "caller" },
    fuzz: { steps: [script("tools/fuzz/src/main.ts")], cwd: "caller" },
    soak: { steps: [script("tools/soak/src/main.ts")], cwd: "caller" },
    "pack-check": { steps: [build, packCheck], cwd: "root" },
    rehearse: { steps: [script("tools/release-rehearsal/src/main.ts")], cwd: "root" },
    independence: { steps: [script("tools/release-rehearsal/src/independence.ts")], cwd: "root" },
    mutate: { steps: [script("tools/mutate/src/main.ts")], cwd: "caller" },
    docs: { steps: [docs], cwd: "root" },
    bench: { steps: [script("tools/bench/src/run.ts")], cwd: "root" },
    changeset: { steps: [changeset], cwd: "root" },
    version: {
      steps: [
        [...changeset, "version"],
        [...docs, "--update"],
      ],
      cwd: "root",
    },
    release: { steps: [build, packCheck, [...changeset, "publish"]], cwd: "root" },
    test: { steps: [vitest], cwd: "root" },
    check: {
      steps: [
        ["node", bin("@biomejs/biome/bin/biome"), "ci", "."],
        [...turbo, "boundaries"],
        ["node", bin("knip/bin/knip.js")],
        ["node", bin("sherif/index.js")],
        [...turbo, "run", "build", "typecheck"],
      ],
      cwd: "root",
    },
  };
};
