import type { StoreConnection, StoreDaemon } from "@xenkit/xenstored";
import type { Link, Session } from "./session.ts";
import type { World } from "./world.ts";

const NOTHING = new Uint8Array(0);
/** The most bytes that a socket hands over at once, mostly and at times. */
const PARTS = [24, 24, 400] as const;

/** A socket to the daemon: bytes in parts, both ways. */
export class SocketLink implements Link {
  written = 0;
  /** The daemon has given the client up. */
  isClosed = false;
  session: Session | undefined;
  readonly #world: World;
  readonly #connection: StoreConnection;
  #sleepsUntil = 0;

  constructor(world: World, daemon: StoreDaemon) {
    this.#world = world;
    this.#connection = daemon.connect({
      output: () => {},
      closed: (reason) => {
        this.isClosed = true;
        world.history.count(`sockets closed: ${reason}`);
      },
    });
  }

  send(bytes: Uint8Array): number {
    const { random } = this.#world;
    const part = Math.min(bytes.length, 1 + random.below(random.pick(PARTS)));
    if (this.#connection.paused) this.#world.history.count("requests that wait for a slow reader");
    this.#speak(() => this.#connection.receive(bytes.subarray(0, part)));
    return part;
  }

  receive(): Uint8Array {
    if (this.#world.clock.now() < this.#sleepsUntil) return NOTHING;
    const bytes = this.#connection.output.take();
    this.written += bytes.length;
    // What waited for room is answered now.
    if (bytes.length > 0) this.#speak(() => this.#connection.resume());
    return bytes;
  }

  /** Its client reads nothing for so many milliseconds. */
  sleep(ms: number): void {
    this.#sleepsUntil = this.#world.clock.now() + ms;
  }

  wake(): void {
    this.#sleepsUntil = 0;
  }

  /** The socket is cut, in the middle of whatever is under way. */
  cut(): void {
    this.#connection.close();
    this.isClosed = true;
  }

  #speak(work: () => void): void {
    this.#world.speaker = this.session;
    try {
      work();
    } finally {
      this.#world.speaker = undefined;
    }
  }
}
