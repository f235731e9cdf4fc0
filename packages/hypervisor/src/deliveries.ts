import { type Domain, LIFE } from "./domain.ts";
import type { Port } from "./port-table.ts";

/** Called with the port that became pending while it was not masked. */
export type EventListener = (port: number) => void;

interface Delivery {
  readonly domain: Domain;
  readonly port: Port;
}

/**
 * Brings events to their domains: never inside a hypercall, always after its last step. A listener
 * may make hypercalls; what they raise waits in the same queue, so listeners do not nest. A port
 * waits at most once, whatever the senders do.
 */
export class Deliveries {
  readonly #queue: Delivery[] = [];
  /** Where in the queue the next one is. */
  #at = 0;
  readonly #listeners = new Map<number, Set<EventListener>>();
  readonly #start: (flush: () => void) => void;
  readonly #onError: ((error: unknown) => void) | undefined;
  #scheduled = false;

  /**
   * @param start - Runs the given function now or later: for example `queueMicrotask`.
   * @param onError - Told what a listener threw. Left out: the first is thrown on, after all others
   *   had their events.
   */
  constructor(start: (flush: () => void) => void, onError: ((error: unknown) => void) | undefined) {
    this.#start = start;
    this.#onError = onError;
  }

  /** What waits, oldest first. */
  get waiting(): readonly Delivery[] {
    return this.#queue.slice(this.#at);
  }

  get isWaiting(): boolean {
    return this.#at < this.#queue.length;
  }

  push(domain: Domain, port: Port): void {
    port.queued = true;
    this.#queue.push({ domain, port });
  }

  /** To be called after each outermost hypercall that leaves something waiting. */
  start(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#start(this.#flush);
  }

  /** @returns A function that removes the listener. */
  listen(domid: number, listener: EventListener): () => void {
    let listeners = this.#listeners.get(domid);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(domid, listeners);
    }
    // Its own function object: the same listener can be added twice and removed once.
    const entry: EventListener = (port) => listener(port);
    listeners.add(entry);
    return () => {
      listeners.delete(entry);
    };
  }

  /** A domid that is free again has no listeners: they belonged to the old domain. */
  forget(domid: number): void {
    this.#listeners.delete(domid);
  }

  /** Drops what waits. The listeners stay. */
  clear(): void {
    this.#queue.length = 0;
    this.#at = 0;
  }

  readonly #flush = (): void => {
    const errors: unknown[] = [];
    try {
      // The queue grows while it is walked, and begins anew when a listener loads another state.
      while (this.isWaiting) {
        const delivery = this.#queue[this.#at];
        this.#at += 1;
        if (delivery !== undefined) this.#deliver(delivery, errors);
      }
      this.clear();
    } finally {
      this.#scheduled = false;
    }
    if (errors.length > 0) throw errors[0];
  };

  #deliver({ domain, port }: Delivery, errors: unknown[]): void {
    port.queued = false;
    const isOpen = (): boolean =>
      domain.life === LIFE.alive && domain.ports.get(port.number) === port;
    // Closed, masked or consumed since it was raised.
    if (!isOpen() || port.masked || !domain.ports.pending.has(port.number)) return;
    const listeners = this.#listeners.get(domain.domid);
    // A copy, for who begins to listen now; and each is asked for again, for who is ended now.
    for (const listener of [...(listeners ?? [])]) {
      if (listeners?.has(listener)) this.#tell(listener, port, errors);
    }
    if (port.listener !== undefined && isOpen()) this.#tell(port.listener, port, errors);
  }

  #tell(listener: EventListener, port: Port, errors: unknown[]): void {
    try {
      listener(port.number);
    } catch (error) {
      if (this.#onError === undefined) errors.push(error);
      else this.#onError(error);
    }
  }
}
