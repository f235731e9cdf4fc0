import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";

/** What the time-out of events needs of the daemon. */
export interface EventTimeoutOptions {
  readonly clock: Clock | undefined;
  /** In milliseconds; 0: never. */
  readonly timeout: number;
  readonly connections: Iterable<Connection>;
  readonly counters: Counters;
}

/** Drops events that a guest has left unread for too long. One timer, however many guests and events there are. */
export class EventTimeout {
  readonly #options: EventTimeoutOptions;
  #armed = false;

  constructor(options: EventTimeoutOptions) {
    this.#options = options;
  }

  /** When an event that is queued now is to be dropped; undefined: never. */
  deadline({ kind, privileged }: Connection): number | undefined {
    const { clock, timeout } = this.#options;
    if (clock === undefined || timeout === 0 || kind === "socket" || privileged) return undefined;
    if (!this.#armed) this.#arm(clock, timeout);
    return clock.now() + timeout;
  }

  #arm(clock: Clock, delay: number): void {
    this.#armed = true;
    clock.after(delay, () => this.#expire(clock));
  }

  #expire(clock: Clock): void {
    const { connections, counters } = this.#options;
    const now = clock.now();
    this.#armed = false;
    let next: number | undefined;
    for (const { kind, output } of connections) {
      if (kind === "socket") continue;
      const { dropped, deadline } = output.expire(now);
      counters.eventsTimedOut += dropped;
      if (deadline !== undefined) next = Math.min(next ?? deadline, deadline);
    }
    if (next !== undefined) this.#arm(clock, Math.max(1, next - now));
  }
}
