import type { Connection } from "./connection.ts";
import type { Domains } from "./domains.ts";
import type { Limits } from "./limits.ts";
import type { QuotaName } from "./quota.ts";
import type { Usage } from "./usage.ts";
import type { WriteCredits } from "./write-credits.ts";

/** A guest's request, until its reply and all events that it caused have been written. */
export interface PendingRequest {
  readonly connection: Connection;
  /** Messages of it that wait. */
  waiting: number;
}

/** What a guest's requests wait for. */
export type Hold = Extract<QuotaName, "outstanding" | "memory"> | "write rate";

/** What back-pressure needs of the daemon. */
export interface BackPressureOptions {
  readonly domains: Domains;
  readonly limits: Limits;
  readonly credits: WriteCredits;
  readonly usage: Usage;
  /** A guest begins to wait for its write rate. */
  readonly waits: (domid: number) => void;
}

/**
 * Holds guests back that have too much under way: their requests are not read, and they are told nothing.
 *
 * Whoever is held is looked at again when something of its own was written, freed or allowed: others cost it nothing.
 */
export class BackPressure {
  readonly #rooms: BackPressureOptions;
  /** By domid. */
  readonly #held = new Map<number, Connection>();

  constructor(rooms: BackPressureOptions) {
    this.#rooms = rooms;
  }

  /** A guest's request begins; undefined for one that nothing limits. */
  begin(connection: Connection): PendingRequest | undefined {
    return connection.privileged ? undefined : { connection, waiting: 0 };
  }

  /** One more message of a request waits. */
  add(request: PendingRequest): void {
    request.waiting += 1;
    if (request.waiting > 1) return;
    const { connection } = request;
    connection.outstanding += 1;
    this.#rooms.usage.note(connection.domid, "outstanding", connection.outstanding);
  }

  /** One message of a request was written, or dropped. */
  done(request: PendingRequest): void {
    request.waiting -= 1;
    if (request.waiting > 0) return;
    request.connection.outstanding -= 1;
    this.recheck(request.connection.domid);
  }

  /** What a connection's requests wait for; undefined: nothing. */
  holdOf(connection: Connection): Hold | undefined {
    if (connection.privileged) return undefined;
    const { domains, limits, credits } = this.#rooms;
    const record = domains.get(connection.domid);
    if (record === undefined) return undefined;
    const { outstanding } = record.quotas;
    if (outstanding !== 0 && connection.outstanding >= outstanding) return "outstanding";
    if (limits.overMemory(record)) return "memory";
    return credits.exhausted(connection.domid) ? "write rate" : undefined;
  }

  /** Whether a connection's requests wait. If so it is told by its sink when they need not any more. */
  holds(connection: Connection): boolean {
    const hold = this.holdOf(connection);
    const { domid, outstanding, output } = connection;
    if (hold === "outstanding" && output.length === 0) {
      this.#rooms.limits.tellStalled(domid, outstanding);
    }
    if (hold === "write rate" && !this.#held.has(domid)) this.#rooms.waits(domid);
    if (hold !== undefined) this.#held.set(domid, connection);
    else if (this.#held.size > 0) this.#held.delete(domid);
    return hold !== undefined;
  }

  /** Something of a domain has changed: if it is held and need not be any more it is told. */
  recheck(domid: number): void {
    const connection = this.#held.get(domid);
    if (connection === undefined || this.holdOf(connection) !== undefined) return;
    this.#held.delete(domid);
    connection.sink.output();
  }

  /** Time has gone by. */
  recheckAll(): void {
    for (const domid of [...this.#held.keys()]) this.recheck(domid);
  }

  forget(connection: Connection): void {
    if (this.#held.get(connection.domid) === connection) this.#held.delete(connection.domid);
  }
}
