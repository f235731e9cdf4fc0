import { DOMID, ERRNO, readDomain, STATE, writeAnswer } from "@xenkit/abi";
import {
  DomainTracker,
  type EventChannels,
  openXenmanage,
  type Xenmanage,
} from "@xenkit/xenmanage";
import { RING_PAGE } from "@xenkit/xenstore-wire";
import type { PlayedRings } from "./played-daemon.ts";

/** One `hv` line of a recording. */
export interface HvLine {
  readonly action: string;
  readonly domid?: number;
  readonly state?: readonly (keyof typeof STATE)[];
  readonly caps?: number;
  readonly unique_id?: number;
}

interface Domain {
  readonly state: number;
  readonly caps: number;
  readonly uniqueId: number;
}

const VIRQ_PORT = 1;

/**
 * The hypervisor of a recording: domains are what its lines say, and `get_domain_state` answers from them. The real
 * tracker runs on it.
 */
export class RecordedXen {
  readonly manage: Xenmanage = openXenmanage({ hypercall: (_, buffer) => this.#hypercall(buffer) });
  readonly tracker: DomainTracker;
  readonly #domains = new Map<number, Domain>();
  readonly #changed = new Set<number>();
  readonly #pages = new Map<number, Uint8Array>();
  readonly #channels = new Map<number, () => void>();
  #notify: () => void = () => {};

  constructor() {
    this.#domains.set(0, { state: STATE.exist, caps: 7, uniqueId: 1 });
    const events: EventChannels = {
      bindVirq: () => VIRQ_PORT,
      onPort: (_, listener) => {
        this.#notify = listener;
        return () => {};
      },
      clearPending: () => {},
      unmask: () => {},
      close: () => {},
    };
    const onError = (error: unknown): never => {
      throw error;
    };
    this.tracker = new DomainTracker({ manage: this.manage, events, onError });
    this.tracker.start();
  }

  play({ action, domid, state = [], caps = 0, unique_id = 0 }: HvLine): void {
    if (action === "virq") {
      this.#notify();
      return;
    }
    if (domid === undefined) return;
    this.#changed.add(domid);
    if (action === "gone") this.#domains.delete(domid);
    else {
      if (this.#domains.get(domid)?.uniqueId !== unique_id) this.#pages.delete(domid);
      const bits = state.reduce((set, name) => set | STATE[name], 0);
      this.#domains.set(domid, { state: bits, caps, uniqueId: unique_id });
    }
  }

  /** The domains that exist. */
  domids(): number[] {
    return [...this.#domains.keys()];
  }

  /** The ring page of a domain, the last one's when it is gone: a new domain has a new one. */
  page(domid: number): Uint8Array {
    const page = this.#pages.get(domid) ?? new Uint8Array(RING_PAGE.size);
    this.#pages.set(domid, page);
    return page;
  }

  /** The guest notifies the daemon. */
  notifyDaemon(domid: number): void {
    this.#channels.get(domid)?.();
  }

  /** What the daemon's rings stand on. */
  rings(defer: (task: () => void) => void): PlayedRings {
    return {
      defer,
      map: (domid) =>
        this.#domains.has(domid) ? { page: this.page(domid), unmap: () => {} } : undefined,
      bind: (domid, _, onEvent) => {
        this.#channels.set(domid, onEvent);
        return { notify: () => {}, close: () => this.#channels.delete(domid) };
      },
    };
  }

  #hypercall(buffer: Uint8Array): number {
    let domid = readDomain(buffer);
    if (domid === DOMID.invalid) {
      const next = Math.min(...this.#changed);
      if (next === Number.POSITIVE_INFINITY) return -ERRNO.ENOENT;
      this.#changed.delete(next);
      domid = next;
    } else if (!this.#domains.has(domid)) return -ERRNO.ESRCH;
    const { state, caps, uniqueId } = this.#domains.get(domid) ?? {
      state: 0,
      caps: 0,
      uniqueId: 0,
    };
    writeAnswer(buffer, domid, state, caps, uniqueId, 0);
    return 0;
  }
}
