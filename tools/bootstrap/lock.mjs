import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 200;

/**
 * Runs `work` while no other process of this checkout does: two first runs at once must not install over each other.
 * A lock whose owner has died is taken over.
 *
 * @param {string} folder - Made if missing.
 * @param {() => Promise<void>} work
 */
export const withLock = async (folder, work) => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "lock");
  for (let told = false; !tryLock(file); ) {
    if (ownerIsGone(file)) {
      rmSync(file, { force: true });
      continue;
    }
    // A pid may have got another process meanwhile: then only the user can tell.
    if (!told) {
      console.error(
        `xenkit: waiting for another run in this checkout; if there is none, remove ${file}`,
      );
    }
    told = true;
    await sleep(POLL_MS);
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
};

const tryLock = (/** @type {string} */ file) => {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    // On a full disk the file is there, but not its owner's pid: nobody could tell that it is stale.
    rmSync(file, { force: true });
    throw error;
  }
};

const ownerIsGone = (/** @type {string} */ file) => {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH";
  }
};
