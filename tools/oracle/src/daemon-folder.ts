import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OracleError } from "./oracle-error.ts";

/** What fits into the address of a unix socket, in bytes. */
const SOCKET_PATH_MAX = 107;
const MEMORY = "/dev/shm";

/** Those of this process that are in use. */
const folders = new Set<string>();

/** In memory where that is, else the system's folder for temporary files. */
export const defaultParent = (): string => (existsSync(MEMORY) ? MEMORY : tmpdir());

/**
 * A fresh folder for one daemon. One that is still there when this process exits is removed then; a process that is
 * killed leaves it behind, for {@link sweepFolders}.
 *
 * @throws OracleError `path-too-long` if the daemon's socket would not fit.
 */
export const createFolder = (parent: string): string => {
  const prefix = join(parent, `xenkit-oracle-${process.pid}-`);
  const path = socketIn(`${prefix}XXXXXX`);
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_MAX)
    throw new OracleError("path-too-long", `path-too-long: ${path}`, { path, bytes });
  const folder = mkdtempSync(prefix);
  if (folders.size === 0) process.on("exit", removeAll);
  folders.add(folder);
  return folder;
};

/** Removes what killed processes left. */
export const sweepFolders = async (parent: string): Promise<void> => {
  for (const name of readdirSync(parent)) {
    const [, pid] = /^xenkit-oracle-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const folder = join(parent, name);
    // Its process may be one that we cannot see, in another container: then the daemon is there.
    if (!(await answers(socketIn(folder)))) rmSync(folder, { recursive: true, force: true });
  }
};

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });

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
