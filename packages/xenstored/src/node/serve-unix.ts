import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";
import type { StoreDaemon } from "../store-daemon.ts";
import { XenstoredError } from "../xenstored-error.ts";
import { serveSocket } from "./serve-socket.ts";

/** A socket that is served. */
export interface UnixServer extends AsyncDisposable {
  readonly path: string;
  /** Clients now. */
  readonly clients: number;
  /** Hangs up on all clients and removes the socket. */
  close(): Promise<void>;
}

/** `sun_path` with its NUL, on Linux. */
const PATH_LIMIT = 107;

/**
 * Serves a daemon on a unix socket, mode 0600.
 *
 * A socket that nobody serves any more is replaced.
 *
 * @throws XenstoredError `in-use`, `not-a-socket`, `path-too-long`, `cannot-listen`.
 */
export const serveUnix = async (daemon: StoreDaemon, path: string): Promise<UnixServer> => {
  checkLength(path);
  await removeStale(path);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveSocket(daemon, socket);
  });
  await listen(server, path);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    // Node removes the file of a socket that it closes.
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
  return {
    path,
    get clients() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

const checkLength = (path: string): void => {
  const length = new TextEncoder().encode(path).length;
  if (length > 0 && length <= PATH_LIMIT) return;
  const message = `${path}: path-too-long (${length} bytes, a unix socket's path has 1 to ${PATH_LIMIT})`;
  const details = { path, length, limit: PATH_LIMIT };
  throw new XenstoredError(message, { code: "path-too-long", details });
};

const removeStale = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    const message = `${path}: not-a-socket, left alone`;
    throw new XenstoredError(message, { code: "not-a-socket", details: { path } });
  }
  if (await answers(path)) {
    const message = `${path}: in-use, another daemon serves it`;
    throw new XenstoredError(message, { code: "in-use", details: { path } });
  }
  await unlink(path);
};

/** Only a refused connection is a proof that nobody listens. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });

const listen = async (server: Server, path: string): Promise<void> => {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      bornPrivate(() => {
        server.listen({ path, backlog: 511 }, () => {
          server.off("error", reject);
          resolve();
        });
      });
    });
    await chmod(path, 0o600);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? "unknown";
    const code = errno === "EADDRINUSE" ? "in-use" : "cannot-listen";
    const message = `${path}: ${code} (${errno})`;
    throw new XenstoredError(message, { code, details: { path, errno }, cause: error });
  }
};

/** Binds with mode 0600 from the first moment. A worker thread cannot change the mask: there the chmod must do. */
const bornPrivate = (bind: () => void): void => {
  const mask = isMainThread ? process.umask(0o177) : undefined;
  try {
    bind();
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
};
