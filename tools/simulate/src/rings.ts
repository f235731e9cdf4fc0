import { emulatedRings } from "@xenkit/host";
import {
  type GuestChannel,
  type GuestTransport,
  type GuestTransports,
  type MappedRing,
  type RingHost,
  ringGuests,
  type Guest as Served,
} from "@xenkit/xenstored";
import type { Guest } from "./guest.ts";
import type { World } from "./world.ts";

/** The guests' rings as the daemon has them, with other CPUs that go on in between. */
export class Rings {
  /** The last that a toolstack has built, by domid. */
  readonly guests: Map<number, Guest> = new Map();
  /** What the daemon wants to do soon. */
  tasks: (() => void)[] = [];
  /** Those that the daemon serves; their domains may have ended. */
  readonly served: Set<Guest> = new Set();
  readonly #world: World;
  /** What a daemon that is killed has mapped and bound. */
  readonly #held = new Set<() => void>();

  constructor(world: World) {
    this.#world = world;
  }

  get transports(): GuestTransports {
    return { open: (served) => this.#open(served) };
  }

  /** The daemon is killed: its kernel takes back what it had. */
  killed(): void {
    this.tasks = [];
    for (const giveBack of [...this.#held]) giveBack();
    for (const guest of this.served) guest.over();
    this.served.clear();
  }

  #open(served: Served): GuestTransport | undefined {
    const guest = this.guests.get(served.domid);
    const transport = ringGuests(this.#hostFor(guest)).open(served);
    if (transport === undefined || guest === undefined) {
      this.#world.history.count("introductions refused: no page or port");
      return undefined;
    }
    guest.connection = served.connection;
    this.served.add(guest);
    return {
      start: () => {
        transport.start();
        guest.begin();
      },
      restart: (port) => {
        this.#world.history.count("rings introduced anew");
        transport.restart(port);
        guest.begin();
      },
      close: () => {
        this.#countEnd(guest);
        transport.close();
        guest.over();
        this.served.delete(guest);
      },
      output: () => transport.output(),
      closed: (reason) => transport.closed(reason),
    };
  }

  /** In which state guests end. */
  #countEnd({ session, connection }: Guest): void {
    const { history } = this.#world;
    if (session === undefined || connection === undefined) return;
    history.count("guests that end while they are served");
    if (!session.isBetweenMessages) history.count("guests that end within a message");
    if (session.transactions.length > 0) history.count("guests that end in a transaction");
    if (session.ledger.size > 0) history.count("guests that end with watches");
    if (connection.output.length > 0) history.count("guests that end with unsent messages");
  }

  #hostFor(guest: Guest | undefined): RingHost {
    const { host, random } = this.#world;
    const rings = emulatedRings(host, () => {});
    return {
      defer: (task) => void this.tasks.push(() => this.#serve(guest, task)),
      map: (domid) => this.#holdRing(rings.map(domid)),
      bind: (domid, port, onEvent) => {
        const channel = rings.bind(domid, port, () => this.#serve(guest, onEvent));
        if (guest !== undefined) guest.isHeard = channel !== undefined;
        if (channel === undefined) this.#world.history.count("ports that cannot be bound");
        return this.#holdChannel(channel, () => {
          if (random.oneIn(4)) this.#otherGuest()?.step();
        });
      },
    };
  }

  #holdRing(ring: MappedRing | undefined): MappedRing | undefined {
    if (ring === undefined) return undefined;
    const unmap = (): void => {
      if (!this.#held.delete(unmap)) return;
      // That may have been what kept a zombie.
      ring.unmap();
      this.#world.observe();
    };
    this.#held.add(unmap);
    return { page: ring.page, unmap };
  }

  #holdChannel(channel: GuestChannel | undefined, meanwhile: () => void): GuestChannel | undefined {
    if (channel === undefined) return undefined;
    const close = (): void => {
      if (this.#held.delete(close)) channel.close();
    };
    this.#held.add(close);
    const notify = (): void => {
      if (!this.#held.has(close)) return;
      channel.notify();
      meanwhile();
    };
    return { notify, close };
  }

  /** One that goes on on another CPU. */
  #otherGuest(): Guest | undefined {
    return this.guests.get(1 + this.#world.random.below(6));
  }

  /** The daemon looks at a ring: at requests of this guest only. */
  #serve(guest: Guest | undefined, work: () => void): void {
    const world = this.#world;
    if (guest === undefined) {
      work();
      return;
    }
    const { isReconnecting } = guest;
    world.speaker = guest.mood === "hostile" ? undefined : guest.session;
    try {
      work();
    } finally {
      world.speaker = undefined;
    }
    if (guest.connection?.closed) {
      if (guest.session !== undefined) world.history.count("guests given up");
      guest.session = undefined;
    } else if (isReconnecting && guest.link.isReconnected) {
      world.history.count("rings reconnected");
      guest.begin();
    }
  }
}
