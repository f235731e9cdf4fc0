import {
  FEATURE,
  getU32,
  putU32,
  RING_CONNECTION,
  RING_ERROR,
  RING_PAGE,
  RING_SIZE,
  ringFill,
} from "@xenkit/xenstore-wire";
import type { Guest, GuestTransport, GuestTransports } from "./guest-transport.ts";
import type { CloseReason, StoreConnection } from "./store-connection.ts";

/** A guest's page, mapped. */
export interface MappedRing {
  /** 4096 bytes, shared with the guest. */
  readonly page: Uint8Array;
  unmap(): void;
}

/** A channel to a guest, bound. */
export interface GuestChannel {
  /** Tells the guest that the page has changed. */
  notify(): void;
  close(): void;
}

/** The hypervisor, as far as rings need it. */
export interface RingHost {
  /** Maps the page that a domain has granted to the Xenstore domain: grant 1. Undefined when it cannot be mapped. */
  map(domid: number): MappedRing | undefined;
  /**
   * Binds a port of a domain.
   *
   * @param onEvent - Called when the domain notifies. Not from within a call of the daemon.
   * @returns Undefined when there is no such port to bind.
   */
  bind(domid: number, port: number, onEvent: () => void): GuestChannel | undefined;
  /** Calls `task` soon, once, when the daemon has returned. */
  defer(task: () => void): void;
}

/** Makes guests' rings the transports of a daemon. */
export const ringGuests = (host: RingHost): GuestTransports => ({
  open: (guest) => RingTransport.open(host, guest),
});

/** A ring's offsets within the page. */
interface Ring {
  readonly data: number;
  readonly producer: number;
  readonly consumer: number;
}

const REQUESTS: Ring = {
  data: RING_PAGE.request,
  producer: RING_PAGE.requestProducer,
  consumer: RING_PAGE.requestConsumer,
};
const RESPONSES: Ring = {
  data: RING_PAGE.response,
  producer: RING_PAGE.responseProducer,
  consumer: RING_PAGE.responseConsumer,
};

/**
 * Serves one guest through its ring page.
 *
 * The guest may write anything anywhere in the page at any time: an index is read once, checked, then used. A guest
 * whose indexes or messages are wrong is not served any more, but stays introduced until it is released or ends.
 */
class RingTransport implements GuestTransport {
  readonly #host: RingHost;
  readonly #domid: number;
  readonly #page: Uint8Array;
  readonly #ring: MappedRing;
  readonly #connection: StoreConnection;
  readonly #features: number;
  #channel: GuestChannel | undefined;
  #serving = false;
  #failed = false;
  #scheduled = false;
  /** Counts the starts: indexes of one are worth nothing in the next. */
  #life = 0;

  static open(host: RingHost, guest: Guest): RingTransport | undefined {
    const { domid, features } = guest;
    const ring = host.map(domid);
    if (ring === undefined) return undefined;
    const port = getU32(ring.page, RING_PAGE.eventChannelPort) || guest.port || 0;
    const transport = new RingTransport(host, guest, ring);
    if (port === 0 || !transport.#bind(port)) {
      ring.unmap();
      return undefined;
    }
    putU32(ring.page, RING_PAGE.features, features);
    return transport;
  }

  private constructor(host: RingHost, { domid, features, connection }: Guest, ring: MappedRing) {
    this.#host = host;
    this.#domid = domid;
    this.#features = features;
    this.#connection = connection;
    this.#ring = ring;
    this.#page = ring.page;
  }

  start(): void {
    this.#life += 1;
    for (const { producer, consumer } of [REQUESTS, RESPONSES]) {
      putU32(this.#page, producer, 0);
      putU32(this.#page, consumer, 0);
    }
    if (getU32(this.#page, RING_PAGE.connection) === RING_CONNECTION.reconnect) {
      putU32(this.#page, RING_PAGE.connection, RING_CONNECTION.connected);
      this.#channel?.notify();
    }
    this.#serving = !this.#failed;
  }

  restart(port: number): void {
    this.#channel?.close();
    this.#channel = undefined;
    // The toolstack is not told when this fails: the guest is unheard then.
    this.#bind(getU32(this.#page, RING_PAGE.eventChannelPort) || port);
    this.start();
  }

  close(): void {
    this.#serving = false;
    this.#channel?.close();
    this.#ring.unmap();
  }

  output(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#host.defer(() => {
      this.#scheduled = false;
      this.#serve();
    });
  }

  closed(reason: CloseReason): void {
    if (reason === "protocol") this.#fail(RING_ERROR.protocol);
  }

  #bind(port: number): boolean {
    this.#channel = this.#host.bind(this.#domid, port, () => this.#serve());
    return this.#channel !== undefined;
  }

  /** Moves bytes both ways until nothing moves any more. */
  #serve(): void {
    if (this.#reconnects()) return;
    let moved = true;
    while (moved && this.#serving) moved = this.#readRequests() || this.#writeResponses();
  }

  /** A guest that was offered it may ask to begin anew: it looks at nothing but the field until that is done. */
  #reconnects(): boolean {
    if (!this.#serving || (this.#features & FEATURE.reconnection) === 0) return false;
    if (getU32(this.#page, RING_PAGE.connection) !== RING_CONNECTION.reconnect) return false;
    this.#connection.restart();
    this.start();
    return true;
  }

  #readRequests(): boolean {
    const from = getU32(this.#page, REQUESTS.consumer);
    const to = getU32(this.#page, REQUESTS.producer);
    const fill = this.#checkedFill(to, from);
    if (fill === undefined || fill === 0 || this.#connection.paused) return false;
    const life = this.#life;
    this.#connection.receive(copyOut(this.#page, REQUESTS.data, from, fill));
    // Dom0's own ring may have been introduced anew by what it said.
    if (life !== this.#life) return true;
    const taken = fill - this.#connection.unread();
    putU32(this.#page, REQUESTS.consumer, (from + taken) >>> 0);
    this.#channel?.notify();
    return taken > 0;
  }

  #writeResponses(): boolean {
    const { output } = this.#connection;
    if (output.length === 0) return false;
    const from = getU32(this.#page, RESPONSES.producer);
    const fill = this.#checkedFill(from, getU32(this.#page, RESPONSES.consumer));
    if (fill === undefined || fill === RING_SIZE) return false;
    const bytes = output.peek().subarray(0, RING_SIZE - fill);
    copyIn(this.#page, RESPONSES.data, from, bytes);
    putU32(this.#page, RESPONSES.producer, (from + bytes.length) >>> 0);
    output.consume(bytes.length);
    this.#channel?.notify();
    this.#connection.resume();
    return true;
  }

  /** How full a ring is; undefined when its indexes cannot be: the guest is given up. */
  #checkedFill(producer: number, consumer: number): number | undefined {
    const fill = ringFill(producer, consumer);
    if (fill === undefined) {
      this.#fail(RING_ERROR.index);
      this.#connection.close();
    }
    return fill;
  }

  #fail(code: number): void {
    this.#serving = false;
    this.#failed = true;
    this.#connection.output.clear();
    if ((this.#features & FEATURE.error) === 0) return;
    putU32(this.#page, RING_PAGE.error, code);
    this.#channel?.notify();
  }
}

/** Copies `count` bytes out of a ring, from a free-running index on. */
const copyOut = (page: Uint8Array, data: number, index: number, count: number): Uint8Array => {
  const bytes = new Uint8Array(count);
  const start = index % RING_SIZE;
  const first = Math.min(count, RING_SIZE - start);
  bytes.set(page.subarray(data + start, data + start + first));
  bytes.set(page.subarray(data, data + count - first), first);
  return bytes;
};

/** Copies bytes into a ring, from a free-running index on. */
const copyIn = (page: Uint8Array, data: number, index: number, bytes: Uint8Array): void => {
  const start = index % RING_SIZE;
  const first = Math.min(bytes.length, RING_SIZE - start);
  page.set(bytes.subarray(0, first), data + start);
  page.set(bytes.subarray(first), data);
};
