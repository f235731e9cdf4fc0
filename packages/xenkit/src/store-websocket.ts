import type { Host } from "@xenkit/host";
import { listenWebSocket, type WebSocketServer } from "@xenkit/host/node";
import { serving } from "./serving.ts";

/** The options by which a WebSocket is asked for. */
export interface WebSocketFlags {
  readonly websocket?: {
    /** Undefined: this machine alone can connect. */
    readonly address: string | undefined;
    /** 0: any that is free. */
    readonly port: number;
  };
  /** Where pages may come from. */
  readonly websocketOrigin?: readonly string[];
}

/**
 * Serves the host's Xenstore as a WebSocket where that is asked for.
 *
 * @throws XenkitError cannot-serve.
 */
export const storeWebSocket = async (
  host: Host,
  { websocket, websocketOrigin = [] }: WebSocketFlags,
): Promise<WebSocketServer | undefined> => {
  if (websocket === undefined) return undefined;
  const { address, port } = websocket;
  const where = { port, ...(address === undefined ? {} : { address }) };
  return serving("a WebSocket", listenWebSocket(host, { ...where, origins: websocketOrigin }));
};
