import type { StoreDaemon } from "../store-daemon.ts";
import { XenstoredError } from "../xenstored-error.ts";
import { serveEpoll } from "./serve-epoll.ts";
import { serveLibuv } from "./serve-libuv.ts";
import { loadSystemCalls } from "./system-calls.ts";
import type { Engine, UnixServer } from "./unix-server.ts";

/** How a daemon is served. */
export interface ServeOptions {
  /** Default: `auto`, which is `epoll` on Linux where `koffi` is installed, else `libuv`. */
  readonly io?: "auto" | Engine;
}

/**
 * Serves a daemon on a unix socket, mode 0600.
 *
 * A socket that nobody serves any more is replaced.
 *
 * @throws XenstoredError `in-use`, `not-a-socket`, `path-too-long`, `cannot-listen`; `no-epoll` when that was asked for
 * by name and cannot be had.
 */
export const serveUnix = async (
  daemon: StoreDaemon,
  path: string,
  { io = "auto" }: ServeOptions = {},
): Promise<UnixServer> => {
  const calls = io === "libuv" ? undefined : await loadSystemCalls();
  if (calls !== undefined) return serveEpoll(daemon, path, calls);
  if (io === "epoll") {
    const message = "no-epoll: it takes Linux and the package koffi, version 3";
    throw new XenstoredError(message, {
      code: "no-epoll",
      details: { platform: process.platform },
    });
  }
  return serveLibuv(daemon, path);
};
