import { STATE } from "@xenkit/abi";
import type { EventChannels } from "@xenkit/hypervisor";
import { putU32, RING_PAGE } from "@xenkit/xenstore-wire";
import type { StoreConnection } from "@xenkit/xenstored";
import { anyRequest } from "./request-mix.ts";
import { RingLink } from "./ring-link.ts";
import { Session } from "./session.ts";
import type { World } from "./world.ts";

const INDEXES = [
  RING_PAGE.requestConsumer,
  RING_PAGE.requestProducer,
  RING_PAGE.responseConsumer,
  RING_PAGE.responseProducer,
] as const;
const NO_TYPE = 0xffff;

/**
 * What a guest does with its ring: `honest` follows the protocol; `deaf` sends and never reads; `hostile` writes junk;
 * `mute` has closed all its event channels.
 */
type Mood = "honest" | "deaf" | "hostile" | "mute";

/** One incarnation of a guest with a ring. It acts as long as its domain runs. */
export class Guest {
  readonly domid: number;
  readonly id: bigint;
  readonly link: RingLink;
  mood: Mood = "honest";
  /** While the daemon serves it. */
  session: Session | undefined;
  connection: StoreConnection | undefined;
  /** The daemon has its port: a toolstack may have named a wrong one. */
  isHeard = true;
  /** It has asked to begin anew, and does nothing until it does. */
  isReconnecting = false;
  readonly #world: World;
  readonly #events: EventChannels;
  #sleepsUntil = 0;
  /** How many requests it still makes in a row, all of them writes. */
  #spree = 0;

  /** @param port - Opened for the daemon. */
  constructor(world: World, domid: number, id: bigint, port: number) {
    this.#world = world;
    this.domid = domid;
    this.id = id;
    this.#events = world.host.eventChannels(domid);
    this.link = new RingLink(world, world.host.ringPage(domid), this.#events, port);
  }

  /** Its vCPUs run: it is neither shut down nor dying, nor is its domid another's. */
  get isRunning(): boolean {
    const domain = this.#world.host.domain(this.domid);
    return domain?.uniqueId === this.id && domain.state === STATE.exist;
  }

  /** What it asks will be answered, and it will read that. */
  get isExpected(): boolean {
    const isHonest = this.mood === "honest" && this.isHeard;
    return this.session !== undefined && isHonest && this.isRunning;
  }

  /** The daemon serves it, from empty rings on. */
  begin(): void {
    this.isReconnecting = false;
    this.link.begin();
    this.session = undefined;
    if (this.mood === "hostile") return;
    const caller = { domid: this.domid, privileged: false };
    this.session = new Session(this.#world, caller, this.link, (session) => this.#request(session));
  }

  /** The daemon serves it no more. */
  over(): void {
    this.session = undefined;
    this.connection = undefined;
    this.isReconnecting = false;
  }

  step(): void {
    const { random, clock } = this.#world;
    if (!this.isRunning || this.mood === "mute") return;
    if (this.mood === "hostile") {
      if (random.oneIn(4)) this.#writeJunk();
    } else if (this.session === undefined || this.isReconnecting) return;
    else if (random.oneIn(1500)) this.#changeMood();
    else if (random.oneIn(600)) this.#reconnect();
    else if (random.oneIn(200)) this.#sleep();
    else if (random.oneIn(400)) this.#writeOn();
    else if (random.oneIn(10)) this.link.catchUp();
    else {
      this.link.isDeaf = this.mood === "deaf" || clock.now() < this.#sleepsUntil;
      for (let parts = this.#spree > 0 ? 6 : 1; parts > 0; parts -= 1) this.session.step();
    }
  }

  /** Brings what is under way nearer to its end. @returns Whether all is over. */
  settle(): boolean {
    this.#sleepsUntil = 0;
    this.#spree = 0;
    this.link.isDeaf = false;
    this.link.catchUp();
    if (this.isReconnecting) return false;
    return (this.session?.settle() ?? true) && (this.connection?.output.length ?? 0) === 0;
  }

  #count(what: string): void {
    this.#world.history.count(what);
    this.#world.history.note(`domain ${this.domid}`, what);
  }

  /** It asks on, and reads nothing for so long that its ring fills and its events run out of time. */
  #sleep(): void {
    this.#count("guests that sleep");
    this.#sleepsUntil = this.#world.clock.now() + this.#world.random.below(3000);
  }

  /** It writes, and writes: others' transactions must get through all the same. */
  #writeOn(): void {
    this.#count("guests that write without end");
    this.#spree = this.#world.random.below(300);
  }

  #request(session: Session): void {
    if (this.#spree === 0) {
      anyRequest(session);
      return;
    }
    this.#spree -= 1;
    const path = this.#world.random.pick(["data", "data/x", "/t/a", "/t/b"]);
    session.tree({ kind: "write", path, value: `${this.#spree}` });
  }

  #reconnect(): void {
    this.#count("reconnections asked for");
    this.isReconnecting = true;
    this.link.askToReconnect();
  }

  #changeMood(): void {
    const { random } = this.#world;
    const kind = random.below(6);
    if (kind === 0) {
      this.mood = "deaf";
      this.#count("guests that never read");
    } else if (kind === 1) {
      this.mood = "mute";
      this.#events.reset();
      this.#poke(RING_PAGE.eventChannelPort, random.below(2 ** 32));
      this.#count("guests that reset their event channels");
    } else if (kind === 2) {
      // Fields that are the daemon's: it must not rely on them.
      this.#poke(RING_PAGE.features, random.below(2 ** 32));
      this.#poke(RING_PAGE.error, random.below(2 ** 32));
      this.#poke(RING_PAGE.connection, 2 + random.below(1000));
      this.#count("guests that write the daemon's fields");
    } else if (this.session?.isBetweenMessages !== true) {
      this.#jump();
      this.#count("indexes that jump within a message");
    } else if (this.session.isIdle) {
      this.mood = "hostile";
      this.#writeJunk();
    }
  }

  /** More bytes than a ring has: whatever is in it must not be looked at. */
  #jump(): void {
    this.mood = "hostile";
    this.#poke(RING_PAGE.requestProducer, 0x8000_0000 + this.#world.random.below(1000));
    this.link.notify();
  }

  /** Nothing that it ever wrote is still in the ring when it does this: it could be taken for a request. */
  #writeJunk(): void {
    const { random } = this.#world;
    const { page } = this.link;
    if (this.session !== undefined && !this.session.isIdle && this.connection?.closed !== true)
      return;
    page.fill(0xff, RING_PAGE.request, RING_PAGE.request + 1024);
    if (random.oneIn(2)) {
      this.#poke(random.pick(INDEXES), random.below(2 ** 32));
      this.#count("junk indexes");
    } else {
      const length = random.pick([0, 5, 100, 4096, 4097, 2 ** 32 - 1]);
      const header = new Uint8Array(16).fill(0xff);
      putU32(header, 0, NO_TYPE);
      putU32(header, 12, length);
      const producer = random.below(2 ** 32);
      for (let at = 0; at < 16; at += 1) page[(producer + at) % 1024] = header[at] as number;
      this.#poke(RING_PAGE.requestConsumer, producer);
      this.#poke(RING_PAGE.requestProducer, producer + 16 + random.below(1000));
      this.#count("junk messages");
    }
    this.link.notify();
  }

  #poke(field: number, value: number): void {
    putU32(this.link.page, field, value >>> 0);
  }
}
