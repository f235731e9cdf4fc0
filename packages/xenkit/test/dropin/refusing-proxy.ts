import { rmSync } from "node:fs";
import { createServer, connect as dial, type Socket } from "node:net";
import { binary, bytesOf, encodeMessage, FrameReader, MESSAGE } from "@xenkit/xenstore-wire";
import type { Refusal } from "./invocation.ts";

/** A socket in front of a daemon's that answers some requests itself: with refusals. */
export const refusingProxy = async (
  path: string,
  daemonPath: string,
  refusal: Refusal,
): Promise<AsyncDisposable> => {
  const pattern = new RegExp(refusal.path);
  let left = refusal.times ?? Number.POSITIVE_INFINITY;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = dial(daemonPath);
    const reader = new FrameReader(1 << 20);
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("close", () => daemon.destroy());
    daemon.on("close", () => client.destroy());
    daemon.pipe(client);
    client.on("data", (chunk) => {
      reader.push(chunk);
      while (reader.next()) {
        const { type, reqId, txId, payload } = reader;
        const [first = ""] = binary(payload).split("\0");
        if (type === refusal.type && left > 0 && pattern.test(first)) {
          left -= 1;
          const error = bytesOf(`${refusal.error}\0`);
          client.write(encodeMessage({ type: MESSAGE.error, reqId, txId, payload: error }));
        } else {
          daemon.write(encodeMessage({ type, reqId, txId, payload }));
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(path, { force: true });
    },
  };
};
