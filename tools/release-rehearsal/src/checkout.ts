import { readdirSync, rmSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, run } from "@xenkit/pack-check";
import type { Bump } from "./plan.ts";
import type { Registry } from "./registry.ts";

/** A clone in which a release can be made without touching the checkout. */
export interface Checkout {
  /** Absolute. */
  readonly path: string;
  readonly build: () => Promise<void>;
  /** Writes a changeset for each change and lets `changeset version` eat them. */
  readonly version: (changes: ReadonlyMap<string, Bump>) => Promise<void>;
  /** `changeset publish`: every version that the registry does not have. */
  readonly publish: () => Promise<void>;
}

const GIT = {
  GIT_AUTHOR_NAME: "rehearsal",
  GIT_AUTHOR_EMAIL: "rehearsal@localhost",
  GIT_COMMITTER_NAME: "rehearsal",
  GIT_COMMITTER_EMAIL: "rehearsal@localhost",
};

/** Clones what is committed and installs the dependencies as locked. Pending changesets and a pre mode are left out. */
export const cloneCheckout = async (path: string, registry: Registry): Promise<Checkout> => {
  await run(["git", "clone", "--quiet", "--no-hardlinks", "--depth=1", `file://${root}`, path], {
    cwd: root,
  });
  const env = { ...withoutNpm(process.env), ...GIT, CI: "true", TURBO_TELEMETRY_DISABLED: "1" };
  // The packages are in pnpm's store already: the workspace that started us was installed from the same lockfile.
  await run(["pnpm", "install", "--frozen-lockfile", "--prefer-offline"], { cwd: path, env });
  await appendFile(join(path, ".npmrc"), registry.npmrc);
  const changesets = join(path, ".changeset");
  for (const file of readdirSync(changesets))
    if (!["README.md", "config.json"].includes(file)) rmSync(join(changesets, file));
  const node = (script: string, ...args: string[]): Promise<string> =>
    run([process.execPath, join(path, "node_modules", script), ...args], {
      cwd: path,
      env: { ...env, npm_config_userconfig: join(path, ".npmrc") },
      timeoutMs: 180_000,
    });
  return {
    path,
    build: async () => {
      await node("turbo/bin/turbo", "run", "build", "--output-logs=errors-only");
    },
    version: async (changes) => {
      for (const [name, bump] of changes) {
        const file = join(changesets, `rehearse-${name.replace(/\W+/g, "-")}.md`);
        await writeFile(file, `---\n"${name}": ${bump}\n---\n\nRehearse a ${bump}.\n`);
      }
      await node("@changesets/cli/bin.js", "version");
    },
    publish: async () => {
      await node("@changesets/cli/bin.js", "publish");
    },
  };
};

/** The environment without what npm or pnpm tell the programs they start: a user's shell has none of it. */
export const withoutNpm = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(?:p?npm_|INIT_CWD$|NODE_OPTIONS$|NODE_PATH$)/i.test(name),
    ),
  );
