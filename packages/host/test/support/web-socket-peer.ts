import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";
import { encodeMessage, FrameReader, type MessageType } from "@xenkit/xenstore-wire";
import { type ClientOptions, WebSocket } from "ws";

/** What became of a WebSocket that was asked for: open, or the status of the refusal. */
export const knock = (url: string, options: ClientOptions = {}): Promise<"open" | number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options);
    socket.once("open", () => {
      socket.close();
      resolve("open");
    });
    socket.once("unexpected-response", (_, response) => {
      socket.on("error", () => {});
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.once("error", reject);
  });

/** Opens a WebSocket. */
export const open = async (url: string, options: ClientOptions = {}): Promise<WebSocket> => {
  const socket = new WebSocket(url, options);
  await once(socket, "open");
  return socket;
};

/** Asks for a WebSocket, and gives the bare connection to whoever wants to send what no WebSocket does. */
export const openBare = (url: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    };
    request(url.replace("ws:", "http:"), { headers })
      .once("upgrade", (_, socket: Socket) => resolve(socket))
      .once("error", reject)
      .end();
  });

/** The code that the other side closes with. */
export const closeCode = async (socket: WebSocket): Promise<number> => {
  const [code] = await once(socket, "close");
  return code as number;
};

/** The first close frame's code in what a bare connection receives until its end. */
export const bareCloseCode = async (socket: Socket): Promise<number | undefined> => {
  const chunks: Buffer[] = [];
  socket.on("error", () => {});
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return bytes[0] === 0x88 ? bytes.readUInt16BE(2) : undefined;
};

/** A frame as a client sends it: masked with nothing. */
export const frame = (first: number, length: number, payload: Uint8Array): Uint8Array => {
  const head = Buffer.alloc(14);
  head[0] = first;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
};

/** A request, each argument with a NUL behind it. */
export const message = (type: MessageType, reqId: number, ...args: string[]): Uint8Array =>
  encodeMessage({ type, reqId, txId: 0, payload: Buffer.from(args.map((a) => `${a}\0`).join("")) });

/** Takes the next `count` replies. */
export const replies = (
  socket: WebSocket,
  count: number,
): Promise<{ readonly reqId: number; readonly payload: string }[]> => {
  const reader = new FrameReader();
  const all: { reqId: number; payload: string }[] = [];
  return new Promise((resolve, reject) => {
    const lost = (code: number): void => reject(new Error(`closed with ${code}`));
    const take = (data: Buffer): void => {
      reader.push(data);
      while (reader.next()) {
        all.push({ reqId: reader.reqId, payload: Buffer.from(reader.payload).toString() });
      }
      if (all.length < count) return;
      socket.off("message", take);
      socket.off("close", lost);
      resolve(all);
    };
    socket.on("message", take);
    socket.on("close", lost);
  });
};
