import type { EventChannels } from "@xenkit/hypervisor";
import { getU32, putU32, RING_CONNECTION, RING_PAGE, RING_SIZE } from "@xenkit/xenstore-wire";
import type { Link } from "./session.ts";
import type { World } from "./world.ts";

const NOTHING = new Uint8Array(0);

/** The guest's half of its ring: it puts and takes bytes in pieces, and tells the daemon at once, late, or not at all. */
export class RingLink implements Link {
  readonly page: Uint8Array;
  readonly port: number;
  /** It never reads. */
  isDeaf = false;
  readonly #world: World;
  readonly #events: EventChannels;
  /** An event has come since both rings were found empty, or full: it looks at nothing without one. */
  #isAwake = false;
  /** The request ring was full: it waits for an event. */
  #isBlocked = false;
  #owesNotify = false;
  #writtenBefore = 0;
  #lastProducer = 0;

  constructor(world: World, page: Uint8Array, events: EventChannels, port: number) {
    this.#world = world;
    this.page = page;
    this.port = port;
    this.#events = events;
    events.onPort(port, () => {
      events.clearPending(port);
      this.#isAwake = true;
      this.#isBlocked = false;
    });
  }

  /** Of the session: indexes are 32 bits wide, and begin anew with it. */
  get written(): number {
    const producer = this.#get(RING_PAGE.responseProducer);
    this.#writtenBefore += (producer - this.#lastProducer) >>> 0;
    this.#lastProducer = producer;
    return this.#writtenBefore;
  }

  /** The daemon has emptied both rings. */
  begin(): void {
    this.#writtenBefore = 0;
    this.#lastProducer = 0;
    this.#isBlocked = false;
    this.#owesNotify = false;
  }

  send(bytes: Uint8Array): number {
    const { random, history } = this.#world;
    const producer = this.#get(RING_PAGE.requestProducer);
    const room = RING_SIZE - ((producer - this.#get(RING_PAGE.requestConsumer)) >>> 0);
    if (this.#isBlocked) return 0;
    if (room === 0) {
      history.count("request rings full");
      this.#isBlocked = true;
      return 0;
    }
    const most = random.oneIn(4) ? RING_SIZE : 40;
    const count = Math.min(room, bytes.length, 1 + random.below(most));
    for (let at = 0; at < count; at += 1) {
      this.page[RING_PAGE.request + ((producer + at) % RING_SIZE)] = bytes[at] as number;
    }
    this.#put(RING_PAGE.requestProducer, producer + count);
    this.#tell();
    return count;
  }

  receive(): Uint8Array {
    if (!this.#isAwake || this.isDeaf) return NOTHING;
    const { random } = this.#world;
    const consumer = this.#get(RING_PAGE.responseConsumer);
    const available = (this.#get(RING_PAGE.responseProducer) - consumer) >>> 0;
    if (available === 0) {
      this.#isAwake = false;
      return NOTHING;
    }
    if (available === RING_SIZE) this.#world.history.count("response rings full");
    const count = Math.min(available, 1 + random.below(random.oneIn(2) ? RING_SIZE : 60));
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 1) {
      bytes[at] = this.page[RING_PAGE.response + ((consumer + at) % RING_SIZE)] as number;
    }
    this.#put(RING_PAGE.responseConsumer, consumer + count);
    this.#tell();
    return bytes;
  }

  /** Tells the daemon of what it was not told yet. */
  catchUp(): void {
    if (this.#owesNotify) this.notify();
  }

  notify(): void {
    this.#owesNotify = false;
    this.#events.notify(this.port);
  }

  askToReconnect(): void {
    this.#put(RING_PAGE.connection, RING_CONNECTION.reconnect);
    this.notify();
  }

  /** The daemon has done that. */
  get isReconnected(): boolean {
    return this.#get(RING_PAGE.connection) === RING_CONNECTION.connected;
  }

  #tell(): void {
    const { random, history } = this.#world;
    const how = random.below(10);
    if (how < 7) {
      if (this.#owesNotify) history.count("notifications merged");
      this.notify();
    } else {
      // Late: with the next one, or when the driver looks at its ring for another reason.
      history.count(how < 9 ? "notifications late" : "notifications lost");
      this.#owesNotify = true;
    }
  }

  #get(offset: number): number {
    return getU32(this.page, offset);
  }

  #put(offset: number, value: number): void {
    putU32(this.page, offset, value >>> 0);
  }
}
