import type { Clock } from "./clock.ts";

/** Credits that come in each second, for all guests together. */
const PER_SECOND = 200;
/** In milliseconds. */
const REFILL_EVERY = 1;
/** What one guest may have. */
const BURST = 10;
/** What guests leave to others is kept, up to this. */
const RESERVE = 1000;
/** The first guests begin with a full burst each. */
const FIRST_RESERVE = 5 * BURST;

/**
 * How much guests may write while others have transactions open, so that nobody's transaction fails for ever (XSA-206).
 *
 * Credits come at a fixed rate and are shared out evenly; what a guest with a full burst does not take goes to a
 * reserve, from which one that has run out is helped. Who is below zero waits. Without a clock nothing is limited.
 */
export class WriteCredits {
  readonly #clock: Clock | undefined;
  readonly #recovered: () => void;
  /** By domid, each guest. */
  readonly #credits = new Map<number, number>();
  /** The guests that do not have a full burst. */
  readonly #short = new Set<number>();
  #reserve = FIRST_RESERVE;
  #last: number;
  #cancel: (() => void) | undefined;

  /** @param recovered - Called when a guest that had run out may go on. */
  constructor(clock: Clock | undefined, recovered: () => void) {
    this.#clock = clock;
    this.#recovered = recovered;
    this.#last = clock?.now() ?? 0;
  }

  /** A guest comes. */
  add(domid: number): void {
    if (this.#clock === undefined) return;
    this.#refill(this.#clock);
    const credit = Math.min(BURST, this.#reserve);
    this.#reserve -= credit;
    this.#set(domid, credit);
  }

  /** A guest goes. */
  remove(domid: number): void {
    this.#credits.delete(domid);
    this.#short.delete(domid);
  }

  /** A guest has written. */
  spend(domid: number): void {
    const credit = this.#credits.get(domid);
    if (this.#clock === undefined || credit === undefined) return;
    this.#refill(this.#clock);
    this.#set(domid, (this.#credits.get(domid) ?? 0) - 1);
    this.#help(domid);
  }

  /** Whether a guest must wait. If so it is called back. */
  exhausted(domid: number): boolean {
    const clock = this.#clock;
    if (clock === undefined || (this.#credits.get(domid) ?? 0) >= 0) return false;
    this.#refill(clock);
    this.#help(domid);
    const credit = this.#credits.get(domid) ?? 0;
    if (credit >= 0) return false;
    if (this.#cancel === undefined) {
      const delay = Math.max(1, Math.ceil((-credit * 1000) / PER_SECOND));
      this.#cancel = clock.after(delay, () => {
        this.#cancel = undefined;
        this.#recovered();
      });
    }
    return true;
  }

  #refill(clock: Clock): void {
    const now = clock.now();
    const count = this.#credits.size;
    // Not more often: each time costs a look at every guest that is short.
    if (now < this.#last + REFILL_EVERY) return;
    if (count === 0) {
      this.#last = now;
      return;
    }
    const coming = ((now - this.#last) * PER_SECOND) / 1000;
    this.#last = now;
    const share = coming / count;
    let taken = 0;
    for (const domid of this.#short) {
      const credit = this.#credits.get(domid) ?? 0;
      const more = Math.min(share, BURST - credit);
      taken += more;
      this.#set(domid, credit + more);
    }
    this.#reserve = Math.min(RESERVE, this.#reserve + coming - taken);
  }

  /** Out of the reserve, up to zero. */
  #help(domid: number): void {
    const credit = this.#credits.get(domid) ?? 0;
    if (credit >= 0) return;
    const more = Math.min(this.#reserve, -credit);
    this.#reserve -= more;
    this.#set(domid, credit + more);
  }

  #set(domid: number, credit: number): void {
    this.#credits.set(domid, credit);
    if (credit >= BURST) this.#short.delete(domid);
    else this.#short.add(domid);
  }
}
