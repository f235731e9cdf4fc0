import type { EventChannels } from "./event-channels.ts";
import { Guest } from "./guest.ts";
import { GuestPage } from "./guest-page.ts";
import type { Machine } from "./machine.ts";
import { OracleError } from "./oracle-error.ts";

const STATE = { exist: 1, shutdown: 2, dying: 4, dead: 8 } as const;
const ALL_CAPS = 7;

/** Domain 0's port for Xenstore, which the daemon reads from xsd_port. */
export const DOM0_PORT = 1;

export interface DomainOptions {
  /** 1 to 0x7fef. */
  readonly domid: number;
  /** Default: one above the last one given. */
  readonly uniqueId?: bigint;
  /** Bits: 1 control, 2 hardware, 4 Xenstore. Default 0: a guest. */
  readonly caps?: number;
  /** The port that the guest has allocated for Xenstore; any other in INTRODUCE is refused. Default 1. */
  readonly port?: number;
}

/** Flags that are not given stay as they are. */
export interface DomainFlags {
  /** It has shut down, crashed or is suspended. */
  readonly shutdown?: boolean;
  /** Its teardown runs. The daemons of 4.17 cannot see this. */
  readonly dying?: boolean;
  /** Its teardown is done, and somebody holds a reference. What the daemons of 4.17 know as dying. */
  readonly dead?: boolean;
}

/** A domain, as made. */
export interface Domain {
  readonly domid: number;
  readonly uniqueId: bigint;
  readonly caps: number;
  readonly port: number;
  /** What a toolstack sends as the payload of INTRODUCE: domid, frame of the ring page, port. */
  readonly introducePayload: Uint8Array;
}

/**
 * Plays Xen for one daemon. Domain 0 is there from the start, with all capabilities, its ring open.
 *
 * A change of a domain is seen by a daemon when it next asks; raise the VIRQ to make it ask. Xen raises it when a
 * domain shuts down, is dead, and is gone.
 */
export class Hypervisor {
  readonly #machine: Machine;
  readonly #events: EventChannels;
  readonly #domains = new Map<number, { readonly domain: Domain; state: number }>();
  readonly #pages = new Map<number, GuestPage>();
  readonly #guests = new Map<number, Guest>();
  #lastUniqueId = 0n;
  #closed = false;

  /** @internal */
  constructor(machine: Machine, events: EventChannels) {
    this.#machine = machine;
    this.#events = events;
    this.createDomain({ domid: 0, caps: ALL_CAPS, port: DOM0_PORT });
  }

  /**
   * A new domain with a zeroed ring page. It is not introduced: send `introducePayload`.
   *
   * @throws OracleError `bad-domid`, `domain-exists`.
   */
  createDomain({ domid, uniqueId, caps = 0, port = 1 }: DomainOptions): Domain {
    if (this.#domains.has(domid))
      throw new OracleError("domain-exists", `domain-exists: ${domid}`, { domid });
    const id = uniqueId ?? this.#lastUniqueId + 1n;
    this.#lastUniqueId = id;
    const introducePayload = Buffer.from(`${domid}\0${1000 + domid}\0${port}\0`, "latin1");
    const domain: Domain = { domid, uniqueId: id, caps, port, introducePayload };
    this.#machine.createPage(domid);
    this.#machine.write(domid, { state: STATE.exist, caps, port, uniqueId: id });
    this.#domains.set(domid, { domain, state: STATE.exist });
    return domain;
  }

  /** @throws OracleError `no-such-domain`. */
  setState(domid: number, flags: DomainFlags): void {
    const entry = this.#find(domid);
    for (const name of ["shutdown", "dying", "dead"] as const) {
      if (flags[name] === undefined) continue;
      entry.state = flags[name] ? entry.state | STATE[name] : entry.state & ~STATE[name];
    }
    this.#machine.write(domid, { ...entry.domain, state: entry.state });
  }

  /**
   * The domain is gone: its domid is free again. A ring client of it is closed.
   *
   * @throws OracleError `no-such-domain`.
   */
  destroy(domid: number): void {
    this.#find(domid);
    this.#domains.delete(domid);
    this.#closeGuest(domid);
    this.#machine.clear(domid);
  }

  /** Raises VIRQ_DOM_EXC: "some domain's state changed". */
  raiseVirq(): void {
    this.#events.raiseVirq();
  }

  /**
   * The guest's ring page.
   *
   * @throws OracleError `no-such-domain`.
   */
  page(domid: number): GuestPage {
    this.#find(domid);
    const page = this.#pages.get(domid) ?? new GuestPage(this.#machine.pageFile(domid));
    this.#pages.set(domid, page);
    return page;
  }

  /**
   * The guest's kernel: a client that speaks through the ring. The same one at every call, a new one once it has ended:
   * after RELEASE or a second INTRODUCE close it and take a new one. Do not use the page beside it, unless to break the
   * rules.
   *
   * @throws OracleError `no-such-domain`.
   */
  guest(domid: number): Guest {
    const page = this.page(domid);
    const present = this.#guests.get(domid);
    if (present?.ended === false) return present;
    const guest = new Guest(domid, page, this.#events);
    if (this.#closed) guest.close();
    this.#guests.set(domid, guest);
    return guest;
  }

  /** An event of the guest for the daemon. */
  notify(domid: number): void {
    this.#find(domid);
    this.#events.notify(domid);
  }

  /**
   * Calls `listener` at every event of the daemon for the guest.
   *
   * @returns Ends it.
   */
  onNotify(domid: number, listener: () => void): () => void {
    this.#find(domid);
    return this.#events.onNotify(domid, listener);
  }

  /** @internal The daemon has ended. */
  close(): void {
    this.#closed = true;
    for (const domid of this.#pages.keys()) this.#closeGuest(domid);
  }

  #closeGuest(domid: number): void {
    this.#guests.get(domid)?.close();
    this.#guests.delete(domid);
    this.#pages.get(domid)?.close();
    this.#pages.delete(domid);
  }

  #find(domid: number): { readonly domain: Domain; state: number } {
    const entry = this.#domains.get(domid);
    if (entry !== undefined) return entry;
    throw new OracleError("no-such-domain", `no-such-domain: ${domid}`, { domid });
  }
}
