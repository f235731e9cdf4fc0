import { connect, type Socket } from "node:net";
import type { Link, Transport, TransportPeer } from "../transport.ts";

const READ_SIZE = 1 << 16;

/**
 * A daemon's unix socket.
 *
 * @param path - Default: `$XENSTORED_PATH`, else `$XENSTORED_RUNDIR/socket`, else `/run/xenstored/socket`.
 */
export const unix = (path: string = defaultPath()): Transport => ({
  name: `unix:${path}`,
  traits: {
    // Runs when all promises that are due have been served: the requests of one round leave together.
    soon: (callback) => process.nextTick(callback),
  },
  open: (peer) => openSocket(path, peer),
});

const defaultPath = (): string => {
  const whole = process.env["XENSTORED_PATH"];
  const directory = process.env["XENSTORED_RUNDIR"];
  if (whole !== undefined && whole !== "") return whole;
  return directory !== undefined && directory !== ""
    ? `${directory}/socket`
    : "/run/xenstored/socket";
};

const openSocket = (path: string, peer: TransportPeer): Link => {
  const buffer = new Uint8Array(READ_SIZE);
  let cause: Error | undefined;
  let waiting = false;
  const socket: Socket = connect({
    path,
    onread: {
      buffer,
      callback: (length) => {
        peer.received(buffer.subarray(0, length));
        return true;
      },
    },
  });
  socket.on("connect", () => peer.opened());
  socket.on("error", (error) => {
    cause = error;
  });
  socket.on("close", () => peer.closed(cause));
  // Not `drain`: that comes only after more than the stream's high-water mark.
  const written = (): void => {
    if (!waiting || socket.writableLength > 0) return;
    waiting = false;
    peer.writable();
  };
  return {
    send: (bytes) => {
      socket.write(bytes, written);
      // What the kernel took at once is no longer needed.
      waiting = socket.writableLength > 0;
      return !waiting;
    },
    close: () => {
      socket.destroy();
    },
  };
};
