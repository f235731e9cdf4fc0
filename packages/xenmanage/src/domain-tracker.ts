import { DOMID, VIRQ } from "@xenkit/abi";
import { checkLimit } from "./check-limit.ts";
import type { DomainChange } from "./domain-change.ts";
import type { DomainInfo } from "./domain-info.ts";
import { DomainTable } from "./domain-table.ts";
import type { EventChannels } from "./event-channels.ts";
import type { Xenmanage } from "./xenmanage.ts";
import { refused, XenmanageError } from "./xenmanage-error.ts";

/** Four times every domid there can be: a drain that takes more is chasing its own tail. */
const DRAIN_LIMIT = 4 * DOMID.firstReserved;

/** What a {@link DomainTracker} is made of. */
export interface DomainTrackerOptions {
  readonly manage: Xenmanage;
  readonly events: EventChannels;
  /**
   * Told of what fails where nobody waits for it: a hypercall in a drain that an event started, closing the port, and
   * what a listener throws. The table is kept, and the next event drains what is left. Should not throw: that comes
   * out of the event, and of whatever else the tracker was doing, and other listeners may miss changes.
   */
  readonly onError: (error: unknown) => void;
  /** The most answers that one drain takes, 1 or more; 131,008 by default. */
  readonly drainLimit?: number;
}

/**
 * Told of all that one drain found, in order; never of nothing. What it throws goes to `onError`; the other listeners are
 * told all the same.
 */
export type DomainChangesListener = (changes: readonly DomainChange[]) => void;

/** Told of one change; as {@link DomainChangesListener}. */
export type DomainChangeListener = (change: DomainChange) => void;

/** The errno that an error of the event channels carries, if any. */
const errnoOf = (error: unknown): number | undefined => {
  const { details } = Object(error) as { readonly details?: unknown };
  const { errno } = Object(details) as { readonly errno?: unknown };
  return typeof errno === "number" ? errno : undefined;
};

interface Binding {
  readonly port: number;
  readonly unsubscribe: () => void;
}

/**
 * Follows every domain of a host without ever asking for all of them.
 *
 * It binds VIRQ_DOM_EXC, drains the marks of all existing domains once, and at each event clears the pending
 * bit, drains to ENOENT and unmasks, in this order: another one loses events. A drain costs one hypercall for
 * each changed domain and one for ENOENT.
 */
export class DomainTracker implements Disposable, AsyncDisposable {
  readonly #manage: Xenmanage;
  readonly #events: EventChannels;
  readonly #onError: (error: unknown) => void;
  readonly #drainLimit: number;
  readonly #table = new DomainTable();
  readonly #listeners = new Set<{ readonly listener: DomainChangesListener }>();
  #untold: DomainChange[] = [];
  #binding: Binding | undefined;
  #counting = false;
  #busy = false;
  #eventWhileBusy = false;
  #telling = false;

  /** @throws XenmanageError bad-option. */
  constructor(options: DomainTrackerOptions) {
    this.#manage = options.manage;
    this.#events = options.events;
    this.#onError = options.onError;
    this.#drainLimit = options.drainLimit ?? DRAIN_LIMIT;
    checkLimit("drainLimit", this.#drainLimit);
  }

  /** Whether VIRQ_DOM_EXC is bound by this tracker. */
  get running(): boolean {
    return this.#binding !== undefined;
  }

  /** How many domains are in the table. */
  get size(): number {
    return this.#table.size;
  }

  /** What was last reported of the domain that has this domid. No hypercall. */
  get(domid: number): DomainInfo | undefined {
    return this.#table.get(domid);
  }

  /** What was last reported of the domain that has this unique id. No hypercall. */
  findByUniqueId(uniqueId: bigint): DomainInfo | undefined {
    return this.#table.findByUniqueId(uniqueId);
  }

  /** The whole table, by ascending domid. No hypercall. */
  snapshot(): readonly DomainInfo[] {
    return this.#table.snapshot();
  }

  /**
   * Has `listener` told of the changes from now on: what one drain found together, at its end, before the next event
   * is let in. A listener may call anything here: what that changes is told after the present changes have reached
   * every listener.
   *
   * @returns What ends it.
   */
  onChanges(listener: DomainChangesListener): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** As {@link onChanges}, one change at a time. */
  onChange(listener: DomainChangeListener): () => void {
    let listening = true;
    const end = this.onChanges((changes) => {
      for (const change of changes) if (listening) this.#attempt(() => listener(change));
    });
    return () => {
      listening = false;
      end();
    };
  }

  /**
   * Binds VIRQ_DOM_EXC and drains. The table that an earlier run left is compared with what exists now: what
   * did not show up is gone.
   *
   * @throws XenmanageError EBUSY or EEXIST (somebody else has the VIRQ), EPERM, EACCES, wrong-state. The
   * tracker is stopped then, with its table kept.
   */
  start(): void {
    if (this.#binding !== undefined) {
      throw new XenmanageError("wrong-state", "start: running already", { expected: "stopped" });
    }
    this.#bind();
    const failures: unknown[] = [];
    this.#serve((failure) => failures.push(failure));
    if (failures.length === 0) return;
    this.stop();
    throw failures[0];
  }

  /** Closes the port. The table stays as it is. Does nothing when stopped. Throws nothing. */
  stop(): void {
    const binding = this.#binding;
    if (binding === undefined) return;
    this.#binding = undefined;
    binding.unsubscribe();
    this.#close(binding.port);
  }

  /**
   * Stops and starts: the hypervisor marks every domain on a fresh bind, so this repairs whatever was missed.
   * Called by a listener, it drains after the present drain.
   *
   * @throws As {@link start}.
   */
  resync(): void {
    this.stop();
    this.start();
  }

  /**
   * Drains now, without an event: for changes that raise none, such as a creation.
   *
   * @returns How many answers there were.
   * @throws XenmanageError EPERM, EACCES, endless-drain, wrong-state.
   */
  drain(): number {
    const binding = this.#binding;
    if (binding === undefined) {
      throw new XenmanageError("wrong-state", "drain: not running", { expected: "running" });
    }
    try {
      return this.#exclusively(() => this.#drain(binding));
    } finally {
      this.#tell();
    }
  }

  /**
   * Asks for one domain: the only way to learn of a resume, which marks nothing.
   *
   * @param domid - 0 to 0x7FEF.
   * @returns What the table has of it now.
   * @throws XenmanageError EINVAL, EPERM.
   */
  refresh(domid: number): DomainInfo | undefined {
    this.#exclusively(() => {
      if (this.#manage.query(domid)) this.#enterAnswer();
      else this.#note(this.#table.report(domid, 0, 0, 0, 0));
    });
    this.#tell();
    return this.#table.get(domid);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }

  #bind(): void {
    const port = this.#bindVirq();
    try {
      const unsubscribe = this.#events.onPort(port, () => this.#serve(this.#onError));
      this.#binding = { port, unsubscribe };
    } catch (error) {
      this.#close(port);
      throw error;
    }
    this.#table.beginCensus();
    this.#counting = true;
  }

  #close(port: number): void {
    // It may be closed already, with the domain that had it: no reason not to bind another.
    this.#attempt(() => this.#events.close(port));
  }

  #bindVirq(): number {
    try {
      return this.#events.bindVirq(VIRQ.domExc, 0);
    } catch (cause) {
      const errno = errnoOf(cause);
      throw errno === undefined ? cause : refused("bindVirq", DOMID.self, errno, cause);
    }
  }

  /**
   * Keeps events from being answered before an answer that is under way has been entered: the older of the two
   * would come last. They are answered right after.
   */
  #exclusively<T>(work: () => T): T {
    if (this.#busy) return work();
    this.#busy = true;
    try {
      return work();
    } finally {
      this.#busy = false;
      if (this.#eventWhileBusy) this.#serve(this.#onError);
    }
  }

  /** Answers an event. One that comes meanwhile, from a listener or from a thread, is answered before it returns. */
  #serve(onFailure: (failure: unknown) => void): void {
    this.#eventWhileBusy = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#eventWhileBusy && this.#binding !== undefined) {
        this.#eventWhileBusy = false;
        this.#serveOnce(this.#binding, onFailure);
      }
    } finally {
      this.#busy = false;
      this.#eventWhileBusy = false;
    }
  }

  #serveOnce(binding: Binding, onFailure: (failure: unknown) => void): void {
    const attempt = (work: () => void): void => {
      try {
        work();
      } catch (failure) {
        onFailure(failure);
      }
    };
    try {
      attempt(() => {
        this.#events.clearPending(binding.port);
        this.#drain(binding);
      });
      this.#tell();
    } finally {
      // Also after a failure: the next event then drains what this one left.
      if (this.#binding === binding) attempt(() => this.#events.unmask(binding.port));
    }
  }

  #drain(binding: Binding): number {
    for (let answers = 0; answers < this.#drainLimit; answers += 1) {
      // Somebody whom the hypercall told of an event may have stopped or restarted the tracker.
      if (this.#binding !== binding) return answers;
      if (!this.#manage.poll()) {
        this.#endCensus();
        return answers;
      }
      this.#enterAnswer();
    }
    const limit = this.#drainLimit;
    const message = `drain: endless-drain: no ENOENT within ${limit} answers`;
    throw new XenmanageError("endless-drain", message, { limit });
  }

  #endCensus(): void {
    if (!this.#counting) return;
    this.#counting = false;
    for (const change of this.#table.endCensus()) this.#note(change);
  }

  #enterAnswer(): void {
    const { domid, state, caps, uniqueIdLow, uniqueIdHigh } = this.#manage.answer;
    this.#note(this.#table.report(domid, state, caps, uniqueIdLow, uniqueIdHigh));
  }

  #note(change: DomainChange | undefined): void {
    if (change !== undefined) this.#untold.push(change);
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#untold.length > 0) {
        const changes = this.#untold;
        this.#untold = [];
        for (const entry of [...this.#listeners]) {
          if (this.#listeners.has(entry)) this.#attempt(() => entry.listener(changes));
        }
      }
    } finally {
      this.#telling = false;
    }
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#onError(error);
    }
  }
}
