import type { Socket } from "node:net";
import type { StoreDaemon } from "../store-daemon.ts";

/** The kernel and Node are given this much before a client must read, in bytes. */
const IN_FLIGHT = 256 << 10;

/** Writes that wait until all that this turn of the loop brought has been read. */
const waiting: (() => void)[] = [];

/** Writing between reads would wake the clients one after the other, and each of them interrupts the daemon. */
const writeAfterReads = (write: () => void): void => {
  if (waiting.push(write) > 1) return;
  setImmediate(() => {
    for (const each of waiting.splice(0)) each();
  });
};

/**
 * Serves one client: all replies to a chunk, and all events that it caused, leave in one write per connection.
 *
 * A client that does not read is not read either once its replies wait; its events wait up to the daemon's limit,
 * then it is closed.
 */
export const serveSocket = (daemon: StoreDaemon, socket: Socket): void => {
  let scheduled = false;
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    writeAfterReads(write);
  };
  const write = (): void => {
    if (!scheduled || socket.destroyed) return;
    scheduled = false;
    const { output } = connection;
    while (output.length > 0 && socket.writableLength < IN_FLIGHT) {
      // Out of Node's pool: a buffer of its own costs more than the copy.
      const bytes = Buffer.allocUnsafe(output.length);
      output.copyTo(bytes);
      output.consume(bytes.length);
      socket.write(bytes);
      connection.resume();
    }
    if (connection.paused) socket.pause();
    else if (socket.isPaused()) socket.resume();
    if (connection.closed) socket.destroySoon();
  };
  const connection = daemon.connect({ output: schedule, closed: schedule });
  socket.on("data", (chunk: Uint8Array) => connection.receive(chunk));
  socket.on("drain", () => {
    scheduled = true;
    write();
  });
  // What follows an error is the close.
  socket.on("error", () => {});
  socket.on("close", () => connection.close());
};
