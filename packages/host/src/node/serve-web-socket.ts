import type { CloseReason, StoreDaemon } from "@xenkit/xenstored";
import type { WebSocket } from "ws";

/** The system and ws are given this much before a client must read, in bytes. */
const IN_FLIGHT = 256 << 10;

/** The codes of RFC 6455 by which a WebSocket is closed. */
export const CLOSE = { goingAway: 1001, protocol: 1002, notBytes: 1003, policy: 1008 } as const;

const CODES: Readonly<Record<CloseReason, number>> = {
  protocol: CLOSE.protocol,
  overflow: CLOSE.policy,
  released: CLOSE.policy,
};

/**
 * Serves one client: binary messages are the byte stream of the protocol, cut anywhere.
 *
 * A client that does not read is not read either once its replies wait; its events wait up to the daemon's limit,
 * then it is closed. It is pinged every `pingMs`; one that is not heard of after two pings is gone.
 */
export const serveWebSocket = (daemon: StoreDaemon, socket: WebSocket, pingMs: number): void => {
  let scheduled = false;
  let ending: CloseReason | undefined;
  /** Since it was heard of. */
  let pings = 0;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(write);
  };
  const write = (): void => {
    scheduled = false;
    while (connection.output.length > 0 && socket.bufferedAmount < IN_FLIGHT) {
      // Called back when the system has it: then there is room again.
      socket.send(connection.output.take(), schedule);
      connection.resume();
    }
    if (connection.paused) {
      socket.pause();
    } else if (socket.isPaused) {
      socket.resume();
      pings = 0;
    }
    if (ending !== undefined) socket.close(CODES[ending], ending);
  };
  const connection = daemon.connect({
    output: schedule,
    closed: (reason) => {
      ending = reason;
      schedule();
    },
  });

  const ping = setInterval(() => {
    // Of one that is not read no answer can be seen.
    if (socket.isPaused) return;
    // The answer to one may lie unread, when this process was busy.
    if (pings === 2) return socket.terminate();
    pings += 1;
    socket.ping();
  }, pingMs);
  ping.unref();

  const hear = (): void => {
    pings = 0;
  };
  socket.on("pong", hear);
  socket.on("message", (data: Buffer, isBinary) => {
    hear();
    if (isBinary) {
      connection.receive(data);
      return;
    }
    connection.close();
    socket.close(CLOSE.notBytes, "Xenstore is bytes");
  });
  // What follows an error is the close.
  socket.on("error", () => {});
  socket.on("close", () => {
    clearInterval(ping);
    connection.close();
  });
};
