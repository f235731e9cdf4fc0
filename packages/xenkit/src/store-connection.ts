import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Client, connect, isXenstoreError, type Transport } from "@xenkit/xenstore-client";
import { unix } from "@xenkit/xenstore-client/unix";
import { xenbus } from "@xenkit/xenstore-client/xenbus";
import { checkDirectory, type DirectoryChoice, findDirectory } from "./directory.ts";
import { socketPaths } from "./sockets.ts";
import { strerror } from "./strerror.ts";
import { storeFailed } from "./xenkit-error.ts";

const DAEMON = "/run/xenstored/socket";
const KERNEL = "/dev/xen/xenbus";

/**
 * Finds a Xenstore: the socket in `--dir`, else `$XENSTORED_PATH`, which may also be a device, else the first there is of
 * `$XENSTORED_RUNDIR/socket`, the one in `$XENKIT_DIR`, `/run/xenstored/socket`, the one where `xenkit up` puts it, and
 * `/dev/xen/xenbus`.
 *
 * @throws XenkitError path-too-long, unsafe-path: of a host's directory.
 */
export const findStore = (choice: DirectoryChoice): Transport => {
  const { dir, env } = choice;
  if (dir !== undefined) return unix(hostSocket(choice));
  const path = env["XENSTORED_PATH"] ?? "";
  if (path !== "") return kindOf(path) === "other" ? xenbus(path) : unix(path);
  const run = env["XENSTORED_RUNDIR"] ?? "";
  const chosen = (env["XENKIT_DIR"] ?? "") !== "";
  const candidates = [
    () => (run === "" ? undefined : `${run}/socket`),
    () => (chosen ? hostSocket(choice) : undefined),
    () => DAEMON,
    () => hostSocket(choice),
  ];
  for (const candidate of candidates) {
    const socket = candidate();
    if (socket !== undefined && kindOf(socket) === "socket") return unix(socket);
  }
  return kindOf(KERNEL) === "other" ? xenbus(KERNEL) : unix(DAEMON);
};

const hostSocket = (choice: DirectoryChoice): string => {
  const directory = findDirectory(choice);
  checkDirectory(directory, choice.uid);
  return socketPaths(directory.path).xenstored;
};

const kindOf = (path: string): "socket" | "other" | "missing" => {
  try {
    return statSync(path).isSocket() ? "socket" : "other";
  } catch {
    // Not there, or not for us: connecting says why.
    return "missing";
  }
};

/**
 * Connects to the Xenstore of a command.
 *
 * @throws XenkitError store-failed, as the programs say it.
 */
export const connectStore = async (
  dir: string | undefined,
  env: DirectoryChoice["env"],
  ended: AbortSignal,
): Promise<Client> => {
  const transport = findStore({ dir, env, temporary: tmpdir(), uid: process.getuid?.() });
  try {
    return await connect(transport, { signal: ended });
  } catch (error) {
    if (!isXenstoreError(error)) throw error;
    const { cause } = error;
    const name = cause instanceof Error && "code" in cause ? String(cause.code) : "EIO";
    throw storeFailed(`xs_open: ${strerror(name)}`, error);
  }
};
