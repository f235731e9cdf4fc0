import type { Clock } from "@xenkit/xenstored";

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** The one clock of a simulated host: it stands until the scheduler moves it. */
export class VirtualClock implements Clock {
  #now = 0;
  /** Few: the next one is looked for. */
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(delay: number, task: () => void): () => void {
    const timer = { at: this.#now + delay, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets so many milliseconds go by; what is due meanwhile is done when it is. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#due(end); timer !== undefined; timer = this.#due(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.task();
    }
    this.#now = end;
  }

  /** Whoever wanted to be called is no more. */
  forget(): void {
    this.#timers.clear();
  }

  #due(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}
