import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { MemoryServer } from "@xenkit/xenstore-client/memory";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface WebSocketServer extends AsyncDisposable {
  readonly url: string;
  /** Says something in text to every client. */
  sayText(text: string): void;
}

/** A WebSocket server of binary messages over a daemon: just what RFC 6455 asks for short, whole frames. */
export const serveWebSocket = async (server: MemoryServer): Promise<WebSocketServer> => {
  const http = createServer();
  const sockets = new Set<Socket>();
  http.on("upgrade", (request, socket: Socket) => {
    sockets.add(socket);
    const key = `${request.headers["sec-websocket-key"]}${GUID}`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const link = server.connect({ bytes: (bytes) => socket.write(frame(2, bytes)) });
    let held = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (let next = unframe(held); next !== undefined; next = unframe(held)) {
        held = held.subarray(next.size);
        if (next.opcode === 8) socket.end(frame(8, next.payload));
        else link.send(next.payload);
      }
    });
    socket.on("close", () => link.close());
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    sayText: (text) => {
      for (const socket of sockets) socket.write(frame(1, Buffer.from(text)));
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

const frame = (opcode: number, payload: Uint8Array): Uint8Array => {
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 2 : 4);
  head[0] = 0x80 | opcode;
  head[1] = short ? payload.length : 126;
  if (!short) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
};

const unframe = (bytes: Buffer) => {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] as number) & 0x7f;
  const at = short === 126 ? 4 : 2;
  if (bytes.length < at + 4) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const size = at + 4 + length;
  if (bytes.length < size) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = bytes
    .subarray(at + 4, size)
    .map((byte, index) => byte ^ (mask[index & 3] as number));
  return { opcode: (bytes[0] as number) & 0xf, payload, size };
};
