import { createServer, type Server, type Socket } from "node:net";
import type { StoreDaemon } from "../store-daemon.ts";
import { serveSocket } from "./serve-socket.ts";
import { listenAt } from "./socket-path.ts";
import type { UnixServer } from "./unix-server.ts";

/** The kernel keeps this many clients that have not been accepted yet. */
const BACKLOG = 511;

/** Serves a daemon through Node's own sockets. As {@link serveUnix}. */
export const serveLibuv = async (daemon: StoreDaemon, path: string): Promise<UnixServer> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveSocket(daemon, socket);
  });
  await listenAt(path, () => listen(server, path));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    // Node removes the file of a socket that it closes.
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
  return {
    path,
    io: "libuv",
    get clients() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
