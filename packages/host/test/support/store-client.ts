import type { Host, StoreLink } from "@xenkit/host";
import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  MESSAGE,
  type MessageType,
} from "@xenkit/xenstore-wire";

/** A client of the host's Xenstore that keeps every event and every reply. */
export interface StoreClient {
  readonly link: StoreLink;
  /** Paths of the events so far, `path token` each; emptied by the call. */
  readonly events: () => string[];
  /** Sends a request, its strings each with a NUL, and takes the reply's payload: `!ENOENT` for an error. */
  readonly ask: (type: MessageType, ...strings: string[]) => string;
}

export const storeClient = (host: Host): StoreClient => {
  const reader = new FrameReader();
  let events: string[] = [];
  let replies: string[] = [];
  const link = host.store.connect({
    bytes: (bytes) => {
      reader.push(bytes);
      while (reader.next()) {
        const text = binary(reader.payload);
        if (reader.type === MESSAGE.watchEvent) {
          events.push(text.split("\0").slice(0, 2).join(" "));
        } else {
          replies.push(reader.type === MESSAGE.error ? `!${text.slice(0, -1)}` : text);
        }
      }
    },
  });
  return {
    link,
    events: () => {
      const taken = events;
      events = [];
      return taken;
    },
    ask: (type, ...strings) => {
      const payload = bytesOf(strings.map((text) => `${text}\0`).join(""));
      replies = [];
      link.send(encodeMessage({ type, reqId: 0, txId: 0, payload }));
      const [reply] = replies;
      if (reply === undefined || replies.length > 1) throw new Error(`${replies.length} replies`);
      return reply;
    },
  };
};

/** A client that watches both special nodes; the events of the watches themselves are taken. */
export const watchingClient = (host: Host): StoreClient => {
  const client = storeClient(host);
  client.ask(MESSAGE.watch, "@introduceDomain", "i");
  client.ask(MESSAGE.watch, "@releaseDomain", "r");
  client.events();
  return client;
};
