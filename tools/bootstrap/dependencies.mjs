import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runQuietly } from "./quiet.mjs";

/**
 * Installs the workspace's dependencies exactly as locked, when anything that decides them has changed.
 *
 * @param {string} root
 * @param {string} toolchain
 */
export const installDependencies = async (root, toolchain) => {
  const stamp = join(root, "node_modules", ".xenkit-stamp");
  const wanted = fingerprint(root);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("xenkit: installing the dependencies as locked in pnpm-lock.yaml");
  const bin = join(toolchain, "node_modules", ".bin");
  await runQuietly(
    [join(bin, process.platform === "win32" ? "pnpm.cmd" : "pnpm"), "install", "--frozen-lockfile"],
    {
      cwd: root,
      env: { ...process.env, CI: "true", PATH: [bin, process.env["PATH"]].join(delimiter) },
    },
    "cannot install the dependencies. Check the network and the registry (npm config get registry), then run the same command again",
  );
  writeFileSync(stamp, wanted);
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
