import { STATE } from "@xenkit/abi";
import type { DomainChange } from "@xenkit/xenmanage";
import type { WireErrorName } from "@xenkit/xenstore-wire";
import type { Connection } from "./connection.ts";
import type { DomainRecord } from "./domain-record.ts";
import type { Domains } from "./domains.ts";
import { type Events, INTRODUCE_DOMAIN, RELEASE_DOMAIN } from "./events.ts";
import type { GuestTransports } from "./guest-transport.ts";
import type { Limits } from "./limits.ts";
import { withOwner, withoutEntriesOf } from "./perms.ts";
import { QUOTA_NAMES } from "./quota.ts";
import type { Store } from "./store.ts";
import type { StoreNode } from "./store-node.ts";
import type { Usage } from "./usage.ts";
import type { WriteCredits } from "./write-credits.ts";

/** What domain life needs of the daemon. */
export interface DomainLifeOptions {
  readonly store: Store;
  readonly domains: Domains;
  readonly events: Events;
  readonly usage: Usage;
  readonly limits: Limits;
  readonly credits: WriteCredits;
  readonly guests: GuestTransports;
  /** Makes the connection of a guest, its sink to be set. */
  readonly connect: (domid: number) => Connection;
  /** Nodes of a domain that ended go to the control domain instead of being removed. */
  readonly keepOrphans: boolean;
}

/** Domains that come and go: introduced and released by requests, shut down and dead by what the tracker tells. */
export class DomainLife {
  readonly #rooms: DomainLifeOptions;

  constructor(options: DomainLifeOptions) {
    this.#rooms = options;
  }

  /**
   * Begins to serve a domain, or serves it anew when it is served already.
   *
   * @param port - A u32, not 0.
   */
  introduce(domid: number, port: number): "done" | WireErrorName {
    const { domains, events } = this.#rooms;
    const info = domains.ask(domid);
    const previous = domains.get(domid);
    if (previous !== undefined && domid !== domains.controlDomid && info !== undefined) {
      // The domid may have been reused before any event told: the predecessor must not be mistaken for this domain.
      if (previous.uniqueId !== 0n && previous.uniqueId !== info.uniqueId) this.#end(previous);
    }
    const record = domains.known(domid);
    if (record === undefined) {
      this.#dropEntries(domid);
      return "EINVAL";
    }
    if (record.connection !== undefined) {
      record.connection.restart();
      record.transport?.restart(port);
      return "done";
    }
    if (!this.#open(record, port)) return "EINVAL";
    if (!record.introduced) {
      record.introduced = true;
      events.special(INTRODUCE_DOMAIN);
      events.specialOf(INTRODUCE_DOMAIN, domid);
    }
    record.transport?.start();
    return "done";
  }

  /**
   * Begins to serve a domain that was there before the daemon. Fires nothing.
   *
   * @param port - Undefined: its page names it.
   * @returns Whether the domain is served.
   */
  adopt(domid: number, port: number | undefined): boolean {
    const record = this.#rooms.domains.known(domid);
    if (record === undefined || record.connection !== undefined || !this.#open(record, port)) {
      return false;
    }
    record.introduced = true;
    record.transport?.start();
    return true;
  }

  /** Stops serving an introduced domain and removes what it had. */
  release(record: DomainRecord): void {
    this.#end(record);
  }

  /** Follows what the tracker found in one drain. */
  follow(changes: readonly DomainChange[]): void {
    const { domains, events } = this.#rooms;
    let shutdowns = false;
    for (const change of changes) {
      const { domid, state, uniqueId } = change.domain;
      const record = domains.get(domid);
      if (record === undefined || domid === domains.controlDomid) continue;
      if (record.uniqueId === 0n) record.uniqueId = uniqueId;
      const gone = change.kind === "gone" || record.uniqueId !== uniqueId;
      if (!gone && record.introduced && !record.shutdownSeen && (state & STATE.shutdown) !== 0) {
        record.shutdownSeen = true;
        shutdowns = true;
        events.specialOf(RELEASE_DOMAIN, domid);
      }
      if (gone || (record.introduced && (state & STATE.dead) !== 0)) {
        // The release of an introduced domain fires the plain event: it stands for the shutdowns before it.
        if (record.introduced) shutdowns = false;
        this.#end(record);
      }
    }
    if (shutdowns) events.special(RELEASE_DOMAIN);
  }

  #open(record: DomainRecord, port: number | undefined): boolean {
    const { connect, guests, credits, domains } = this.#rooms;
    const connection = connect(record.domid);
    const transport = guests.open({
      domid: record.domid,
      port,
      features: record.features,
      connection,
    });
    if (transport === undefined) {
      connection.close();
      return false;
    }
    connection.sink = transport;
    if (record.domid !== domains.controlDomid) credits.add(record.domid);
    record.connection = connection;
    record.transport = transport;
    return true;
  }

  #end(record: DomainRecord): void {
    const { domains, events, usage, limits, credits } = this.#rooms;
    const { domid, introduced, connection, transport } = record;
    record.connection = undefined;
    record.transport = undefined;
    connection?.close("released");
    transport?.close();
    domains.forget(record);
    this.#removeOwned(domid);
    this.#dropEntries(domid);
    usage.forget(domid);
    limits.forget(domid, QUOTA_NAMES);
    credits.remove(domid);
    if (!introduced) return;
    events.special(RELEASE_DOMAIN);
    events.specialOf(RELEASE_DOMAIN, domid);
  }

  /** Each owned node goes with all below it, in the order of a walk from `/`. */
  #removeOwned(domid: number): void {
    const { store, events, domains, keepOrphans } = this.#rooms;
    const owned = [...store.index.naming(domid)].filter((node) => node.perms[0].domid === domid);
    for (const top of inWalkOrder(owned)) {
      if (store.find(top.path) !== top) continue;
      if (top.parent !== undefined && !keepOrphans) {
        store.remove(top, (node) => events.removing(node, top));
      } else {
        // `/` and special nodes stay.
        store.replacePerms(top, withOwner(top.perms, domains.control));
      }
    }
  }

  #dropEntries(domid: number): void {
    const { store } = this.#rooms;
    for (const node of [...store.index.naming(domid)]) {
      store.replacePerms(node, withoutEntriesOf(node.perms, domid));
    }
  }
}

/** Parents before children, siblings in the order in which they were made. */
const inWalkOrder = (nodes: readonly StoreNode[]): StoreNode[] =>
  nodes
    .map((node) => ({ node, births: birthsDownTo(node) }))
    .sort((a, b) => compareBirths(a.births, b.births))
    .map(({ node }) => node);

const birthsDownTo = (node: StoreNode): number[] => {
  const births: number[] = [];
  for (let at: StoreNode | undefined = node; at !== undefined; at = at.parent) births.push(at.born);
  return births.reverse();
};

const compareBirths = (a: readonly number[], b: readonly number[]): number => {
  const common = Math.min(a.length, b.length);
  for (let level = 0; level < common; level += 1) {
    const difference = (a[level] as number) - (b[level] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};
