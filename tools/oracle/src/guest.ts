import { type Message, RING_PAGE, RING_SIZE, ringFill } from "@xenkit/xenstore-wire";
import type { EventChannels } from "./event-channels.ts";
import type { GuestPage } from "./guest-page.ts";
import { MessageQueue } from "./message-queue.ts";
import { OracleError } from "./oracle-error.ts";
import type { Peer } from "./peer.ts";

interface Outgoing {
  readonly bytes: Uint8Array;
  sent: number;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A guest's side of the ring: data first, then the index, then the event; indexes run freely and are checked; messages
 * longer than the ring go through in pieces.
 */
export class Guest implements Peer {
  readonly domid: number;
  readonly page: GuestPage;
  readonly #events: EventChannels;
  readonly #queue = new MessageQueue();
  readonly #outgoing: Outgoing[] = [];
  readonly #unlisten: () => void;
  #end: unknown;

  /** @internal */
  constructor(domid: number, page: GuestPage, events: EventChannels) {
    this.domid = domid;
    this.page = page;
    this.#events = events;
    this.#unlisten = events.onNotify(domid, () => this.#pump());
    this.#pump();
  }

  /**
   * Settles when all bytes are in the ring. Before INTRODUCE do not send more than the ring holds: INTRODUCE sets the
   * indexes to 0 and so drops it.
   */
  send(bytes: Uint8Array): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#outgoing.push({ bytes, sent: 0, done: resolve, failed: reject });
      this.#pump();
    });
  }

  receive({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Message> {
    return this.#queue.receive(signal);
  }

  take(): Message | undefined {
    return this.#queue.take();
  }

  /** It was closed, or the ring broke. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** The guest says no more; what waits rejects. The domain lives on. */
  close(): void {
    this.#fail(new OracleError("closed", `domain ${this.domid}: closed`, { what: "guest" }));
  }

  #pump(): void {
    if (this.#end !== undefined) return;
    try {
      const received = this.#receiveChunks();
      const sent = this.#sendChunks();
      if (received || sent) this.#events.notify(this.domid);
    } catch (error) {
      this.#fail(error);
    }
  }

  #receiveChunks(): boolean {
    const { page } = this;
    const producer = page.readUint32(RING_PAGE.responseProducer);
    const consumer = page.readUint32(RING_PAGE.responseConsumer);
    const fill = this.#fill(producer, consumer);
    if (fill === 0) return false;
    const bytes = new Uint8Array(fill);
    for (const { at, length, offset } of pieces(consumer, fill))
      bytes.set(page.read(RING_PAGE.response + at, length), offset);
    page.writeUint32(RING_PAGE.responseConsumer, consumer + fill);
    this.#queue.push(bytes);
    return true;
  }

  #sendChunks(): boolean {
    let sent = false;
    for (let next = this.#outgoing[0]; next !== undefined; next = this.#outgoing[0]) {
      if (this.#sendChunk(next)) sent = true;
      if (next.sent < next.bytes.length) break;
      this.#outgoing.shift();
      next.done();
    }
    return sent;
  }

  #sendChunk(next: Outgoing): boolean {
    const { page } = this;
    const producer = page.readUint32(RING_PAGE.requestProducer);
    const consumer = page.readUint32(RING_PAGE.requestConsumer);
    const room = RING_SIZE - this.#fill(producer, consumer);
    const chunk = next.bytes.subarray(next.sent, next.sent + room);
    if (chunk.length === 0) return false;
    for (const { at, length, offset } of pieces(producer, chunk.length))
      page.write(RING_PAGE.request + at, chunk.subarray(offset, offset + length));
    page.writeUint32(RING_PAGE.requestProducer, producer + chunk.length);
    next.sent += chunk.length;
    return true;
  }

  #fill(producer: number, consumer: number): number {
    const fill = ringFill(producer, consumer);
    const error = this.page.readUint32(RING_PAGE.error);
    if (fill !== undefined && error === 0) return fill;
    const { domid } = this;
    const details = { domid, producer, consumer, error };
    const message = `domain ${domid}: ring-broken (producer ${producer}, consumer ${consumer}, error ${error})`;
    throw new OracleError("ring-broken", message, details);
  }

  #fail(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#unlisten();
    this.#queue.fail(error);
    for (const { failed } of this.#outgoing.splice(0)) failed(error);
  }
}

/** The one or two runs of `length` bytes from a free-running index. */
const pieces = (
  index: number,
  length: number,
): readonly { readonly at: number; readonly length: number; readonly offset: number }[] => {
  const at = index % RING_SIZE;
  const first = Math.min(length, RING_SIZE - at);
  const run = { at, length: first, offset: 0 };
  return first === length ? [run] : [run, { at: 0, length: length - first, offset: first }];
};
