import type { Link, Transport, TransportPeer } from "@xenkit/xenstore-client";
import { encodeMessage, FrameReader, MESSAGE, type MessageType } from "@xenkit/xenstore-wire";

/** A request as the scripted server sees it. */
export interface Seen {
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
  readonly payload: string;
}

/** A server that says what the test makes it say. */
export interface ScriptedPeer {
  readonly transport: Transport;
  /** All requests of all connections so far. */
  readonly seen: readonly Seen[];
  /** Connections so far. */
  readonly opened: number;
  /** Whether the client has closed the present connection. */
  readonly closed: boolean;
  /** Sends bytes as they are. */
  say(...chunks: readonly Uint8Array[]): void;
  /** Ends the connection from the server's side. */
  hangUp(): void;
}

/** What to answer; nothing for silence. */
export type Script = (request: Seen, peer: ScriptedPeer) => Uint8Array | undefined;

const encoder = new TextEncoder();

export const bytes = (text: string): Uint8Array => encoder.encode(text);

/** A reply to `request`, good unless told otherwise. */
export const reply = (
  { type, reqId, txId }: Seen,
  payload: string | Uint8Array = "OK\0",
  as: number = type,
): Uint8Array =>
  encodeMessage({
    type: as as MessageType,
    reqId,
    txId,
    payload: typeof payload === "string" ? bytes(payload) : payload,
  });

export const refusal = (request: Seen, name: string): Uint8Array =>
  reply(request, `${name}\0`, MESSAGE.error);

export const event = (path: string, token: string): Uint8Array =>
  encodeMessage({
    type: MESSAGE.watchEvent,
    reqId: 0,
    txId: 0,
    payload: bytes(`${path}\0${token}\0`),
  });

/** Opens and answers by microtasks: no clock is involved. */
export const scriptedPeer = (script: Script, options: Partial<Transport> = {}): ScriptedPeer => {
  const seen: Seen[] = [];
  let opened = 0;
  let closed = false;
  let current: TransportPeer | undefined;
  const peer: ScriptedPeer = {
    seen,
    get opened() {
      return opened;
    },
    get closed() {
      return closed;
    },
    say: (...chunks) => {
      for (const chunk of chunks) current?.received(chunk);
    },
    hangUp: () => {
      const told = current;
      current = undefined;
      told?.closed(new Error("hung up"));
    },
    transport: {
      name: "scripted",
      ...options,
      open: (client): Link => {
        opened += 1;
        closed = false;
        current = client;
        const reader = new FrameReader();
        queueMicrotask(() => {
          if (current === client) client.opened();
        });
        return {
          send: (sent) => {
            reader.push(sent.slice());
            while (reader.next()) {
              const { type, reqId, txId } = reader;
              const payload = new TextDecoder().decode(reader.payload);
              const request = { type, reqId, txId, payload };
              seen.push(request);
              const answer = script(request, peer);
              queueMicrotask(() => {
                if (answer !== undefined && current === client) client.received(answer);
              });
            }
            return true;
          },
          close: () => {
            closed = true;
            if (current === client) current = undefined;
          },
        };
      },
    },
  };
  return peer;
};
