import { chmod, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { isMainThread } from "node:worker_threads";
import { XenstoredError } from "../xenstored-error.ts";

/** `sun_path` with its NUL, on Linux. */
const PATH_LIMIT = 107;

/**
 * Has `bind` bind a socket and listen on `path`, mode 0600, once nobody else is there: a socket that nobody serves any
 * more is replaced.
 *
 * @param bind - Throws, or rejects with, an error whose `code` is the name of an errno.
 * @throws XenstoredError `in-use`, `not-a-socket`, `path-too-long`, `cannot-listen`.
 */
export const listenAt = async (path: string, bind: () => Promise<void> | void): Promise<void> => {
  checkLength(path);
  await removeStale(path);
  try {
    await bornPrivate(bind);
    await chmod(path, 0o600);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? "unknown";
    const code = errno === "EADDRINUSE" ? "in-use" : "cannot-listen";
    const message = `${path}: ${code} (${errno})`;
    throw new XenstoredError(message, { code, details: { path, errno }, cause: error });
  }
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

/** Binds with mode 0600 from the first moment. A worker thread cannot change the mask: there the chmod must do. */
const bornPrivate = (bind: () => Promise<void> | void): Promise<void> | void => {
  const mask = isMainThread ? process.umask(0o177) : undefined;
  try {
    return bind();
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
};
