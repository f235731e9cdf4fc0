import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runQuietly } from "./quiet.mjs";

const NODE = "24.21.0";
const PNPM = "12.21.0";

/**
 * Puts pnpm, and Node where the machine's own is too old, into a folder of the checkout.
 *
 * Both are ordinary npm packages that carry the binary; the global installation is never touched.
 *
 * @param {string} folder - Ignored by git.
 */
export const installToolchain = async (folder) => {
  const packages = neededPackages();
  console.error(
    packages.length > 1
      ? `xenkit: this machine's Node ${process.versions.node} is too old for the toolchain: fetching Node ${NODE} and pnpm ${PNPM} into .toolchain`
      : `xenkit: fetching pnpm ${PNPM} into .toolchain`,
  );
  await runQuietly(
    [
      ...npm(),
      "install",
      "--prefix",
      folder,
      "--no-save",
      "--no-audit",
      "--no-fund",
      ...RETRIES,
      ...packages,
    ],
    { cwd: dirname(folder) },
    `cannot fetch ${packages.join(" and ")} from the npm registry. Check the network, the registry (npm config get registry) and the disk, then run the same command again`,
  );
  writeFileSync(join(folder, "stamp"), packages.join("\n"));
};

/**
 * Whether all that this machine needs is in the folder.
 *
 * @param {string} folder
 */
export const toolchainIsReady = (folder) => {
  const stamp = join(folder, "stamp");
  const present = existsSync(stamp) ? readFileSync(stamp, "utf8").split("\n") : [];
  return neededPackages().every((name) => present.includes(name));
};

const neededPackages = () => [
  `pnpm@${PNPM}`,
  ...(runsTheToolchain(process.versions.node)
    ? []
    : [`node-${process.platform}-${process.arch}@${NODE}`]),
];

/** Some seconds of patience, not npm's default of minutes. */
const RETRIES = [
  "--fetch-retries=2",
  "--fetch-retry-mintimeout=500",
  "--fetch-retry-maxtimeout=3000",
];

/**
 * Node that runs TypeScript files directly (22.18 and later) and that Vitest supports (no odd releases).
 *
 * @param {string} version
 */
export const runsTheToolchain = (version) => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return (major === 22 && minor >= 18) || (major >= 24 && major % 2 === 0);
};

/** npm as it started us; else the one on the PATH. */
const npm = () => {
  const cli = process.env["npm_execpath"] ?? "";
  return cli.endsWith("npm-cli.js") ? [process.execPath, cli] : ["npm"];
};
