import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runQuietly } from "./quiet.mjs";

/**
 * Whether what is installed is what is locked.
 *
 * @param {string} root
 */
export const dependenciesAreReady = (root) =>
  existsSync(stampIn(root)) && readFileSync(stampIn(root), "utf8") === fingerprint(root);

const stampIn = (/** @type {string} */ root) => join(root, "node_modules", ".xenkit-stamp");

/**
 * Installs the workspace's dependencies exactly as locked.
 *
 * @param {string} root
 * @param {string} toolchain
 */
export const installDependencies = async (root, toolchain) => {
  console.error("xenkit: installing the dependencies as locked in pnpm-lock.yaml");
  const bin = join(toolchain, "node_modules", ".bin");
  await runQuietly(
    [join(bin, process.platform === "win32" ? "pnpm.cmd" : "pnpm"), "install", "--frozen-lockfile"],
    {
      cwd: root,
      env: {
        ...pnpmSettings(process.env),
        ...process.env,
        CI: "true",
        PATH: [bin, process.env["PATH"]].join(delimiter),
      },
    },
    "cannot install the dependencies. Check the network, the registry (npm config get registry) and the disk, then run the same command again",
  );
  writeFileSync(stampIn(root), fingerprint(root));
};

/**
 * What pnpm is to take from npm's environment, of which it reads nothing: the registry. And some seconds of patience,
 * not its minutes.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export const pnpmSettings = (env) => {
  const registry = Object.keys(env).find((name) => name.toLowerCase() === "npm_config_registry");
  return {
    ...(registry && { pnpm_config_registry: env[registry] }),
    pnpm_config_fetch_retries: "4",
    pnpm_config_fetch_retry_mintimeout: "500",
    pnpm_config_fetch_retry_maxtimeout: "3000",
  };
};

/** A hash of the lockfile, the workspace file and all manifests. */
export const fingerprint = (/** @type {string} */ root) => {
  const manifests = ["packages", "tools"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name, "package.json")),
  );
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"].map((name) =>
    join(root, name),
  )) {
    hash.update(readFileSync(file));
  }
  for (const file of manifests.filter((path) => existsSync(path)).sort())
    hash.update(readFileSync(file));
  return hash.digest("hex");
};
