import { unlinkSync } from "node:fs";
import type { StoreDaemon } from "../store-daemon.ts";
import { EpollClient, newBuffers } from "./epoll-client.ts";
import { EpollLoop, systemError, type Watched } from "./epoll-loop.ts";
import { listenAt } from "./socket-path.ts";
import { EPOLL, ERRNO, type SystemCalls } from "./system-calls.ts";
import type { UnixServer } from "./unix-server.ts";

/** The kernel keeps this many clients that have not been accepted yet. */
const BACKLOG = 511;
/** Clients that are accepted before those that are there are served again. */
const ACCEPTS = 64;
/** When the system has no more descriptors: until it is asked again, in ms. */
const RETRY_MS = 100;

/** Serves a daemon through the system's own calls. As {@link serveUnix}. */
export const serveEpoll = async (
  daemon: StoreDaemon,
  path: string,
  calls: SystemCalls,
): Promise<UnixServer> => {
  let listener = -1;
  await listenAt(path, () => {
    listener = listening(calls, path);
  });
  const loop = new EpollLoop(calls);
  const buffers = newBuffers(loop);
  const clients = new Set<EpollClient>();
  let retry: NodeJS.Timeout | undefined;

  const accept: Watched = {
    ready: () => {
      for (let count = 0; count < ACCEPTS; count += 1) {
        const fd = calls.accept(listener);
        if (fd < 0) return refused(calls.errno());
        const gone = (client: EpollClient): unknown => clients.delete(client);
        clients.add(new EpollClient({ daemon, loop, buffers, fd, gone }));
      }
    },
  };
  const refused = (errno: number): void => {
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR || errno === ERRNO.ECONNABORTED) return;
    // Too many open files, most likely: whoever waits would wake us all the time.
    loop.remove(listener);
    retry = setTimeout(() => loop.add(listener, EPOLL.in, accept), RETRY_MS);
  };
  loop.add(listener, EPOLL.in, accept);

  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    clearTimeout(retry);
    for (const client of clients) client.drop();
    // Who waits to be accepted would see a broken connection, not one that was ended.
    for (let fd = calls.accept(listener); fd >= 0; fd = calls.accept(listener)) calls.close(fd);
    loop.release(listener);
    loop.close();
    removeFile(path);
  };
  return {
    path,
    io: "epoll",
    get clients() {
      return clients.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** A socket bound to `path` that listens. @throws Error of the system, with `code`. */
const listening = (calls: SystemCalls, path: string): number => {
  const fd = calls.unixSocket();
  if (fd < 0) throw systemError(calls, "socket");
  // struct sockaddr_un: the family in the machine's order, the path, a NUL.
  const name = new TextEncoder().encode(path);
  const address = calls.memory(name.length + 3);
  address.bytes[0] = 1;
  address.bytes.set(name, 2);
  for (const [call, result] of [
    ["bind", () => calls.bind(fd, address.address, address.bytes.length)],
    ["listen", () => calls.listen(fd, BACKLOG)],
  ] as const) {
    if (result() === 0) continue;
    const error = systemError(calls, call);
    calls.close(fd);
    throw error;
  }
  return fd;
};

const removeFile = (path: string): void => {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else has.
  }
};
