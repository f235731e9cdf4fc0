import { getU32, putU32, RING_PAGE, RING_SIZE, ringFill } from "@xenkit/xenstore-wire";

/** What a guest has of its ring. */
export interface RingClientOptions {
  /** The page as it is now. */
  readonly page: () => Uint8Array;
  /** Tells the daemon, and returns when it is quiet. */
  readonly notify: () => void;
}

/** The guest's side of a ring: writes requests piece by piece, and reads what comes unless it is held. */
export class RingClient {
  /** Whether it leaves its responses in the ring. */
  held = false;
  readonly #page: () => Uint8Array;
  readonly #notify: () => void;
  readonly #received: number[] = [];

  constructor({ page, notify }: RingClientOptions) {
    this.#page = page;
    this.#notify = notify;
  }

  /** Writes bytes, as far as the daemon takes them. */
  send(bytes: Uint8Array): void {
    let sent = 0;
    for (let moved = true; moved && sent < bytes.length; ) {
      const written = this.#write(bytes.subarray(sent));
      sent += written;
      this.#notify();
      moved = this.#read() || written > 0;
    }
  }

  /** Reads what has come, if it is not held; tells whether there was something. */
  poll(): boolean {
    return this.#read();
  }

  /** Takes what has come. */
  take(): Uint8Array {
    while (this.#read());
    return Uint8Array.from(this.#received.splice(0));
  }

  #write(bytes: Uint8Array): number {
    const page = this.#page();
    const producer = getU32(page, RING_PAGE.requestProducer);
    const fill = ringFill(producer, getU32(page, RING_PAGE.requestConsumer)) ?? RING_SIZE;
    const count = Math.min(bytes.length, RING_SIZE - fill);
    for (let index = 0; index < count; index += 1) {
      page[RING_PAGE.request + ((producer + index) % RING_SIZE)] = bytes[index] as number;
    }
    putU32(page, RING_PAGE.requestProducer, (producer + count) >>> 0);
    return count;
  }

  #read(): boolean {
    if (this.held) return false;
    const page = this.#page();
    const consumer = getU32(page, RING_PAGE.responseConsumer);
    const fill = ringFill(getU32(page, RING_PAGE.responseProducer), consumer) ?? 0;
    for (let index = 0; index < fill; index += 1) {
      this.#received.push(page[RING_PAGE.response + ((consumer + index) % RING_SIZE)] as number);
    }
    if (fill === 0) return false;
    putU32(page, RING_PAGE.responseConsumer, (consumer + fill) >>> 0);
    this.#notify();
    return true;
  }
}
