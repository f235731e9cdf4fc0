import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OracleError } from "./oracle-error.ts";

/** What fits into the address of a unix socket, in bytes. */
const SOCKET_PATH_MAX = 107;
const MEMORY = "/dev/shm";

/** Those of this process that are in use. */
const folders = new Set<string>();

/**
 * A fresh folder for one daemon. One that is still there when this process exits is removed then; only a process that
 * is killed leaves it behind.
 *
 * @param parent - Default: in memory where that is, else the system's folder for temporary files.
 * @throws OracleError `path-too-long` if the daemon's socket would not fit.
 */
export const createFolder = (parent: string = existsSync(MEMORY) ? MEMORY : tmpdir()): string => {
  const prefix = join(parent, "xenkit-oracle-");
  const path = socketIn(`${prefix}XXXXXX`);
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_MAX)
    throw new OracleError("path-too-long", `path-too-long: ${path}`, { path, bytes });
  const folder = mkdtempSync(prefix);
  if (folders.size === 0) process.on("exit", removeAll);
  folders.add(folder);
  return folder;
};

export const removeFolder = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeAll);
};

/** Where both daemons make their socket in their folder. */
export const socketIn = (folder: string): string => join(folder, "socket");

const removeAll = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};
