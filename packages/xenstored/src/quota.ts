/** The names of the quotas, in the order in which GET_QUOTA lists them. */
export const QUOTA_NAMES = [
  "nodes",
  "watches",
  "outstanding",
  "memory",
  "soft-memory",
  "transactions",
  "transaction-nodes",
  "node-permissions",
  "path-max",
  "node-size",
] as const;

/** A quota, by the name that the control protocol gives it. */
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** Limits of one domain: u32, 0 is no limit. Sizes in bytes. A limit itself is accepted. */
export type Quotas = Record<QuotaName, number>;

/** The limits of Xen's daemons. */
export const DEFAULT_QUOTAS: Readonly<Quotas> = {
  nodes: 1000,
  watches: 128,
  outstanding: 20,
  memory: 2_621_440,
  "soft-memory": 2_097_152,
  transactions: 10,
  "transaction-nodes": 1024,
  "node-permissions": 5,
  "path-max": 2048,
  "node-size": 2048,
};

export const isQuotaName = (name: string): name is QuotaName =>
  (QUOTA_NAMES as readonly string[]).includes(name);

/** Whether `value` is more than the limit allows. */
export const exceeds = (limit: number, value: number): boolean => limit !== 0 && value > limit;
