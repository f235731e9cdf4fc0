import type { DomainUsageAnswer } from "./control-protocol.ts";
import { aligned } from "./table.ts";

/** Of which a column shows what is used now. */
const COUNTED = ["nodes", "watches", "transactions", "outstanding", "memory"] as const;

/** What domains use of their quotas: a line each, the head first. */
export const usageTable = (usages: readonly DomainUsageAnswer[]): string[] => {
  const head = ["DOMID", ...COUNTED.map((name) => name.toUpperCase()), "REFUSED", "HELD BY"];
  const rows = usages.map(({ domid, quotas, held }) => [
    String(domid),
    ...COUNTED.map((name) => figure(quotas[name])),
    refusalsOf(quotas),
    held ?? "-",
  ]);
  return aligned([head, ...rows], new Set(head.slice(0, -2).map((_, column) => column)));
};

/** `used/limit`; without a limit only what is used. */
const figure = (quota: DomainUsageAnswer["quotas"][string] | undefined): string => {
  if (quota === undefined) return "-";
  return quota.limit === 0 ? String(quota.used) : `${quota.used}/${quota.limit}`;
};

const refusalsOf = (quotas: DomainUsageAnswer["quotas"]): string =>
  Object.entries(quotas)
    .filter(([, { refusals }]) => refusals > 0)
    .map(([name, { refusals }]) => `${name}:${refusals}`)
    .join(",") || "-";
