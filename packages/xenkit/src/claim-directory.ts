import { type HostDirectory, makeDirectory } from "./directory.ts";
import { lockDirectory } from "./directory-lock.ts";
import { removeSockets, type SocketPaths, socketPaths } from "./sockets.ts";

/** A directory that is this process's own. Absolute paths. */
export interface ClaimedDirectory extends SocketPaths, Disposable {
  readonly directory: string;
}

/**
 * Makes a directory this process's own, until disposed: it is made if it is missing, and what a dead host has left is
 * removed. Files made from now on are nobody else's to use: whoever can connect is privileged.
 *
 * @throws XenkitError already-running, path-too-long, unsafe-path, cannot-serve.
 */
export const claimDirectory = async (directory: HostDirectory): Promise<ClaimedDirectory> => {
  const paths = socketPaths(directory.path);
  process.umask(0o077);
  makeDirectory(directory, process.getuid?.());
  const lock = await lockDirectory(directory.path);
  try {
    removeSockets(paths);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  return { directory: directory.path, ...paths, ...lock };
};
