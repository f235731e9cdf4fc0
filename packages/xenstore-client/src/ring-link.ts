import { FEATURE, RING_CONNECTION, RING_PAGE, RING_SIZE, ringFill } from "@xenkit/xenstore-wire";
import type { RingMemory } from "./ring-memory.ts";
import type { Link, Transport, TransportPeer } from "./transport.ts";

/** A guest's way to the daemon: its ring page and its event channel. */
export interface RingOptions {
  readonly memory: RingMemory;
  /** Signals the event channel. */
  notify(): void;
  /** Has `listener` called at every event; the function that it returns ends that. */
  onNotify(listener: () => void): () => void;
}

/** A guest's own ring. It outlives the client: what a client had is taken back when it closes, or by the next one. */
export const ring = (options: RingOptions): Transport => ({
  name: "ring",
  traits: { outlivesClose: true },
  open: (peer) => new RingLink(options, peer),
});

/**
 * The guest's side: data first, then the index, then the event. Indexes run freely and are checked at each look; messages
 * longer than the ring go through in pieces.
 */
class RingLink implements Link {
  readonly #memory: RingMemory;
  readonly #notify: () => void;
  readonly #peer: TransportPeer;
  readonly #unlisten: () => void;
  #rest: Uint8Array | undefined;
  #opened = false;
  #ended = false;
  #pumping = false;
  #again = false;

  constructor({ memory, notify, onNotify }: RingOptions, peer: TransportPeer) {
    this.#memory = memory;
    this.#notify = notify;
    this.#peer = peer;
    this.#unlisten = onNotify(() => this.#pump());
    queueMicrotask(() => this.#begin());
  }

  send(bytes: Uint8Array): boolean {
    this.#rest = bytes;
    this.#pump();
    return this.#rest === undefined;
  }

  close(): void {
    this.#ended = true;
    this.#unlisten();
  }

  /** Where the server can, has it forget whoever used the ring before; and waits until it serves us. */
  #begin(): void {
    if (this.#ended) return;
    const features = this.#memory.readUint32(RING_PAGE.features);
    if ((features & FEATURE.reconnection) !== 0) {
      this.#memory.writeUint32(RING_PAGE.connection, RING_CONNECTION.reconnect);
      this.#notify();
    }
    this.#pump();
  }

  /** Moves what can be moved. May be called from within itself: a daemon in this process answers at once. */
  #pump(): void {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#again = false;
        this.#step();
      } while (this.#again && !this.#ended);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  #step(): void {
    if (this.#ended) return;
    if (!this.#opened) {
      const state = this.#memory.readUint32(RING_PAGE.connection);
      if (state !== RING_CONNECTION.connected) return;
      this.#opened = true;
      this.#peer.opened();
    }
    const chunk = this.#receive();
    const waited = this.#rest !== undefined;
    const sent = this.#send();
    if (chunk !== undefined || sent) this.#notify();
    if (chunk !== undefined) this.#peer.received(chunk);
    if (waited && this.#rest === undefined && !this.#ended) this.#peer.writable();
  }

  #receive(): Uint8Array | undefined {
    const memory = this.#memory;
    const consumer = memory.readUint32(RING_PAGE.responseConsumer);
    const fill = this.#fill(memory.readUint32(RING_PAGE.responseProducer), consumer);
    if (fill === 0) return undefined;
    const at = consumer % RING_SIZE;
    const first = memory.read(RING_PAGE.response + at, Math.min(fill, RING_SIZE - at));
    const chunk = new Uint8Array(fill);
    chunk.set(first);
    chunk.set(memory.read(RING_PAGE.response, fill - first.length), first.length);
    memory.writeUint32(RING_PAGE.responseConsumer, consumer + fill);
    return chunk;
  }

  #send(): boolean {
    const rest = this.#rest;
    if (rest === undefined) return false;
    const memory = this.#memory;
    const producer = memory.readUint32(RING_PAGE.requestProducer);
    const room = RING_SIZE - this.#fill(producer, memory.readUint32(RING_PAGE.requestConsumer));
    const length = Math.min(room, rest.length);
    if (length === 0) return false;
    const at = producer % RING_SIZE;
    const first = Math.min(length, RING_SIZE - at);
    memory.write(RING_PAGE.request + at, rest.subarray(0, first));
    memory.write(RING_PAGE.request, rest.subarray(first, length));
    memory.writeUint32(RING_PAGE.requestProducer, producer + length);
    this.#rest = length === rest.length ? undefined : rest.subarray(length);
    return true;
  }

  /** The daemon is not to be believed either: an index is checked before it is used (XSA-38). */
  #fill(producer: number, consumer: number): number {
    const error = this.#memory.readUint32(RING_PAGE.error);
    if (error !== 0) throw new Error(`the server gave the ring up, with error ${error}`);
    const fill = ringFill(producer, consumer);
    if (fill === undefined)
      throw new Error(`ring indexes ${producer} and ${consumer} are too far apart`);
    return fill;
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.close();
    queueMicrotask(() => this.#peer.closed(error));
  }
}
