import type { Socket } from "node:net";
import type { StoreDaemon } from "../store-daemon.ts";

/** The kernel and Node are given this much before a client must read, in bytes. */
const IN_FLIGHT = 256 << 10;

/**
 * Serves one client: all replies to a chunk, and all events that it caused, leave in one write per connection.
 *
 * A client that does not read is not read either once its replies wait; its events wait up to the daemon's limit,
 * then it is closed.
 */
export const serveSocket = (daemon: StoreDaemon, socket: Socket): void => {
  let scheduled = false;
  let receiving = false;
  /** When the daemon has returned: everything that one wake-up caused is there by then. */
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // What its own requests cause is written as soon as they are answered: a microtask costs more than the request.
    if (!receiving) queueMicrotask(write);
  };
  const receive = (chunk: Uint8Array): void => {
    receiving = true;
    connection.receive(chunk);
    receiving = false;
    if (scheduled) write();
  };
  const write = (): void => {
    if (!scheduled || socket.destroyed) return;
    scheduled = false;
    while (connection.output.length > 0 && socket.writableLength < IN_FLIGHT) {
      socket.write(connection.output.take());
      connection.resume();
    }
    if (connection.paused) socket.pause();
    else if (socket.isPaused()) socket.resume();
    if (connection.closed) socket.destroySoon();
  };
  const connection = daemon.connect({ output: schedule, closed: schedule });
  socket.on("data", receive);
  socket.on("drain", () => {
    scheduled = true;
    write();
  });
  // What follows an error is the close.
  socket.on("error", () => {});
  socket.on("close", () => connection.close());
};
