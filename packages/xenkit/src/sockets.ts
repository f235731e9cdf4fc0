import { lstatSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { XenkitError } from "./xenkit-error.ts";

/** The unix sockets of one host. Absolute paths. */
export interface SocketPaths {
  /** Where Xenstore clients connect: the value of `XENSTORED_PATH`. */
  readonly xenstored: string;
  /** Where the control protocol is spoken: HTTP with JSON. */
  readonly control: string;
}

/** `sun_path` without its NUL: 108 bytes on Linux, 104 on the BSDs and macOS. */
export const SOCKET_PATH_MAX: number = process.platform === "linux" ? 107 : 103;

/**
 * The socket paths in a directory.
 *
 * @throws XenkitError path-too-long, when the longest does not fit into the address of a unix socket.
 */
export const socketPaths = (directory: string): SocketPaths => {
  const paths = {
    xenstored: join(directory, "xenstored.sock"),
    control: join(directory, "control.sock"),
  };
  for (const path of [paths.xenstored, paths.control]) {
    const length = Buffer.byteLength(path);
    if (length <= SOCKET_PATH_MAX) continue;
    const message = `the socket path ${path} has ${length} bytes, a unix socket allows ${SOCKET_PATH_MAX}: choose a shorter --dir`;
    throw new XenkitError("path-too-long", message, { path, length, max: SOCKET_PATH_MAX });
  }
  return paths;
};

/**
 * Removes what a host that died has left. Only the owner of the directory's lock may call this.
 *
 * @throws XenkitError unsafe-path, when another kind of file is where a socket belongs: it is not ours to remove.
 */
export const removeSockets = (paths: SocketPaths): void => {
  for (const path of [paths.xenstored, paths.control]) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isSocket()) {
      const message = `${path} is no socket: move it away, or choose another --dir`;
      throw new XenkitError("unsafe-path", message, { path });
    }
    unlinkSync(path);
  }
};
