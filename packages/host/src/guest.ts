import { SHUTDOWN } from "@xenkit/abi";
import type { EventChannels, Hypervisor } from "@xenkit/hypervisor";
import type { DomainTracker } from "@xenkit/xenmanage";
import { domainPath } from "@xenkit/xenstore-wire";
import { HostError } from "./host-error.ts";
import { attempt } from "./refusal.ts";
import type { StoreSession } from "./store-session.ts";

/** What the toolstack works with. */
export interface GuestTools {
  readonly hypervisor: Hypervisor;
  readonly session: StoreSession;
  readonly tracker: DomainTracker;
}

/** A guest's half of its way to the Xenstore daemon. */
export interface GuestRing {
  /** The page that it shares with the daemon: 4096 bytes. */
  readonly page: Uint8Array;
  /** Its event channels. */
  readonly events: EventChannels;
  /** The one to the daemon. */
  readonly port: number;
}

/**
 * A guest as its toolstack sees it. It stands for one domain: when that is gone every method throws "gone", also when
 * another domain has got its domid since.
 *
 * What the hypervisor refuses is thrown as a HostError "refused".
 */
export class Guest {
  readonly domid: number;
  readonly uniqueId: bigint;
  readonly #tools: GuestTools;

  /** @internal Guests come from `createGuest` and `guest`. */
  constructor(tools: GuestTools, domid: number, uniqueId: bigint) {
    this.#tools = tools;
    this.domid = domid;
    this.uniqueId = uniqueId;
  }

  /** Whether the domain still exists; as a zombie, too. */
  get exists(): boolean {
    return this.#tools.hypervisor.domain(this.domid)?.uniqueId === this.uniqueId;
  }

  /**
   * What the guest itself has of its Xenstore: what speaks there acts as the guest.
   *
   * `connect(guestRing(guest.ring))` of `@xenkit/xenstore-client` is a client inside the guest.
   */
  get ring(): GuestRing {
    const { hypervisor, session } = this.#tools;
    this.#do(() => {});
    const port = Number(session.read(`${domainPath(this.domid)}/store/port`));
    return {
      page: hypervisor.ringPage(this.domid),
      events: hypervisor.eventChannels(this.domid),
      port,
    };
  }

  /** Stops the vCPUs. Pauses add up. */
  async pause(): Promise<void> {
    this.#do((hypervisor) => hypervisor.pauseDomain(this.domid));
  }

  /** Takes one pause back. EINVAL when there is none. */
  async unpause(): Promise<void> {
    this.#do((hypervisor) => hypervisor.unpauseDomain(this.domid));
  }

  /** @param reason - A number of `SHUTDOWN`; poweroff if missing. A second shutdown keeps the first reason. */
  async shutdown(reason: number = SHUTDOWN.poweroff): Promise<void> {
    if (!Number.isInteger(reason) || reason < 0 || reason > 0xff) {
      throw new HostError("bad-option", `shutdown: the reason ${reason} is not from 0 to 255`, {
        option: "reason",
      });
    }
    this.#do((hypervisor) => hypervisor.shutdownDomain(this.domid, reason));
  }

  /**
   * Undoes a shutdown. The hypervisor marks nothing and raises nothing for it, so the Xenstore daemon is told, as a
   * toolstack does: it then fires `@releaseDomain` for the next shutdown, too.
   */
  async resume(): Promise<void> {
    const { session, tracker } = this.#tools;
    this.#do((hypervisor) => hypervisor.resumeDomain(this.domid));
    if (session.isIntroduced(this.domid)) session.resume(this.domid);
    else tracker.refresh(this.domid);
  }

  /** Removes the guest's home and destroys its domain. A zombie is left while somebody holds a reference. */
  async destroy(): Promise<void> {
    this.#do((hypervisor) => {
      this.#tools.session.remove(domainPath(this.domid));
      hypervisor.destroyDomain(this.domid);
    });
  }

  #do(operation: (hypervisor: Hypervisor) => void): void {
    const { domid, uniqueId } = this;
    if (!this.exists) {
      const message = `domain ${domid} with the unique id ${uniqueId} is gone`;
      throw new HostError("gone", message, { domid, uniqueId });
    }
    attempt(domid, () => operation(this.#tools.hypervisor));
  }
}
