import type { Hold } from "./back-pressure.ts";
import { QUOTA_NAMES, type QuotaName } from "./quota.ts";
import type { Rooms } from "./request.ts";

/** What a domain uses of one quota. */
export interface QuotaUsage {
  /** Now. Always 0 for what is measured by request: `path-max`, `node-size` … */
  readonly used: number;
  /** The most since the domain became known. */
  readonly peak: number;
  /** 0: none. */
  readonly limit: number;
  /** How often it has refused something. */
  readonly refusals: number;
}

/** What a domain uses of the daemon. */
export interface DomainUsage {
  readonly domid: number;
  readonly introduced: boolean;
  /** What its requests wait for; undefined: they are read. */
  readonly held: Hold | undefined;
  readonly quotas: Readonly<Record<QuotaName, QuotaUsage>>;
}

/** Undefined: the daemon does not know the domain. */
export const domainUsage = (rooms: Rooms, domid: number): DomainUsage | undefined => {
  const { domains, store, usage, limits, pressure } = rooms;
  const record = domains.get(domid);
  if (record === undefined) return undefined;
  const { connection, introduced, quotas } = record;
  const memory = limits.memoryOf(record);
  const now: Partial<Record<QuotaName, number>> = {
    nodes: store.index.owned(domid),
    watches: connection?.watches.size ?? 0,
    outstanding: connection?.outstanding ?? 0,
    memory,
    "soft-memory": memory,
    transactions: connection?.transactions.size ?? 0,
  };
  const entries = QUOTA_NAMES.map((name): [QuotaName, QuotaUsage] => {
    const used = now[name] ?? 0;
    const peak = Math.max(used, usage.peak(domid, name));
    const refusals = usage.refusals(domid, name);
    return [name, { used, peak, limit: quotas[name], refusals }];
  });
  return {
    domid,
    introduced,
    held: connection === undefined ? undefined : pressure.holdOf(connection),
    quotas: Object.fromEntries(entries) as Record<QuotaName, QuotaUsage>,
  };
};
