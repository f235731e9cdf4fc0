import type { Link, Transport } from "@xenkit/xenstore-client";
import { FrameReader, MESSAGE } from "@xenkit/xenstore-wire";

/** A transport that can be cut, and that counts what the server holds for its client. */
export interface Tapped extends Transport {
  /** Loses the connection, as a network does: both sides are told. */
  cut(): void;
  /** Keeps what the server says from the client, until the connection is cut. */
  deafen(): void;
  /** Connections made so far. */
  readonly opened: number;
  /** Calls of `send` so far. */
  readonly sends: number;
  /** Transactions that the server has begun for the present connection and that nobody asked to end. */
  readonly openTransactions: number;
  /** Watches that the server has for the present connection. */
  readonly watches: number;
}

/** Looks at the bytes of a transport in both directions. */
export const tapped = (inner: Transport): Tapped => {
  let opened = 0;
  let sends = 0;
  let cut: () => void = () => {};
  let transactions = new Set<number>();
  let watches = 0;
  let deaf = false;

  return {
    name: inner.name,
    ...(inner.traits === undefined ? {} : { traits: inner.traits }),
    get opened() {
      return opened;
    },
    get sends() {
      return sends;
    },
    get openTransactions() {
      return transactions.size;
    },
    get watches() {
      return watches;
    },
    cut: () => cut(),
    deafen: () => {
      deaf = true;
    },
    open: (peer): Link => {
      const up = new FrameReader();
      // OCaml's daemon sends longer replies than the protocol allows.
      const down = new FrameReader(1 << 18);
      const started = new Set<number>();
      transactions = new Set();
      watches = 0;
      deaf = false;
      opened += 1;
      const link = inner.open({
        ...peer,
        opened: () => peer.opened(),
        writable: () => peer.writable(),
        closed: (cause) => peer.closed(cause),
        received: (chunk) => {
          down.push(chunk.slice());
          while (down.next()) {
            if (down.type === MESSAGE.watch) watches += 1;
            if (down.type === MESSAGE.unwatch) watches -= 1;
            if (down.type === MESSAGE.transactionStart && started.has(down.reqId)) {
              transactions.add(Number.parseInt(new TextDecoder().decode(down.payload), 10));
            }
          }
          if (!deaf) peer.received(chunk);
        },
      });
      cut = () => {
        link.close();
        peer.closed(new Error("cut"));
      };
      return {
        send: (bytes) => {
          sends += 1;
          up.push(bytes.slice());
          while (up.next()) {
            if (up.type === MESSAGE.transactionStart) started.add(up.reqId);
            if (up.type === MESSAGE.transactionEnd) transactions.delete(up.txId);
            if (up.type === MESSAGE.resetWatches) transactions.clear();
            if (up.type === MESSAGE.resetWatches) watches = 0;
          }
          return link.send(bytes);
        },
        close: () => link.close(),
      };
    },
  };
};
