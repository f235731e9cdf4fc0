import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import type { DomainRecord } from "./domain-record.ts";
import type { Domains } from "./domains.ts";
import type { MemoryUse } from "./memory-use.ts";
import { exceeds, type QuotaName } from "./quota.ts";
import type { Usage } from "./usage.ts";

/** What concerns one domain and one quota is told this often at most, in milliseconds. */
const TELL_EVERY = 60_000;

/** What judging needs of the daemon. */
export interface LimitsOptions {
  readonly domains: Domains;
  readonly usage: Usage;
  readonly memory: MemoryUse;
  readonly counters: Counters;
  readonly clock: Clock | undefined;
  readonly log: (line: string) => void;
}

/** Judges what guests ask for by the quotas of their domains. Privileged connections are never refused. */
export class Limits {
  readonly #rooms: LimitsOptions;
  /** By `<domid> <what>`: when it was last told, and how often it was not since. */
  readonly #told = new Map<string, { at: number; untold: number }>();
  readonly #warned = new Set<number>();

  constructor(rooms: LimitsOptions) {
    this.#rooms = rooms;
  }

  /** Whether a quota refuses that a connection's domain comes to `value`; if not, the value is noted. */
  refuses({ privileged, domid }: Connection, quota: QuotaName, value: number): boolean {
    return !privileged && this.#judge(domid, quota, value);
  }

  /**
   * Whether the memory quota of a domain refuses `more` bytes for it.
   *
   * @param connection - Who asks for it.
   * @param domid - Who is charged.
   */
  refusesMemory(connection: Connection, domid: number, more: number): boolean {
    if (connection.privileged || more <= 0) return false;
    const record = this.#rooms.domains.get(domid);
    return record !== undefined && this.#judge(domid, "memory", this.memoryOf(record) + more);
  }

  /** What is kept for a domain now, in bytes: what waits to be sent to it, too. */
  memoryOf({ domid, connection }: DomainRecord): number {
    return this.#rooms.memory.of(domid) + (connection?.output.length ?? 0);
  }

  /** Whether a domain has more than it may. */
  overMemory(record: DomainRecord): boolean {
    return exceeds(record.quotas.memory, this.memoryOf(record));
  }

  /** A domain uses more memory than before: its peak, and a warning at the soft limit. */
  memoryGrown(domid: number): void {
    const { domains, usage, log } = this.#rooms;
    const record = domains.get(domid);
    if (record === undefined) return;
    const used = this.memoryOf(record);
    usage.note(domid, "memory", used);
    const soft = record.quotas["soft-memory"];
    if (!exceeds(soft, used)) {
      // Some way below, so that a domain around the limit does not fill the log.
      if (used < soft * 0.9) this.#warned.delete(domid);
    } else if (!this.#warned.has(domid)) {
      this.#warned.add(domid);
      log(`quota soft-memory is passed by domain ${domid}: ${used}, ${soft} asked for`);
    }
  }

  /** The domain has ended. */
  forget(domid: number, quotas: readonly QuotaName[]): void {
    this.#warned.delete(domid);
    for (const what of [...quotas, "stalled"]) this.#told.delete(`${domid} ${what}`);
  }

  #judge(domid: number, quota: QuotaName, value: number): boolean {
    const { domains, usage, counters } = this.#rooms;
    const limit = domains.get(domid)?.quotas[quota] ?? 0;
    if (!exceeds(limit, value)) {
      usage.note(domid, quota, value);
      return false;
    }
    counters.refusals[quota] += 1;
    usage.refused(domid, quota);
    const line = `quota ${quota} refuses domain ${domid}: ${value} wanted, ${limit} allowed`;
    this.#tell(`${domid} ${quota}`, line);
    return true;
  }

  /**
   * A guest has as many requests under way as it may, and has taken all its replies: others leave events unread that
   * it caused.
   */
  tellStalled(domid: number, underWay: number): void {
    this.#tell(
      `${domid} stalled`,
      `domain ${domid} waits: other clients leave events of its ${underWay} requests unread`,
    );
  }

  /** A guest must not fill the log: without a clock each kind of line is told once. */
  #tell(key: string, line: string): void {
    const { clock, log } = this.#rooms;
    const now = clock?.now() ?? 0;
    const told = this.#told.get(key);
    if (told !== undefined && now - told.at < TELL_EVERY) {
      told.untold += 1;
      return;
    }
    const untold = told === undefined ? "" : `, ${told.untold} more since the last not told`;
    this.#told.set(key, { at: now, untold: 0 });
    log(line + untold);
  }
}
