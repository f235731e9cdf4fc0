import { atoi, bytesOf } from "@xenkit/xenstore-wire";
import { domainUsage } from "./domain-usage.ts";
import type { QuotaName } from "./quota.ts";
import { OK, type Reply, type Rooms } from "./request.ts";

/** What the commands call a limit, which one it is, and what it is of. */
interface LimitLine {
  readonly name: string;
  readonly quota: QuotaName;
  readonly about: string;
}

const HARD_LIMITS: readonly LimitLine[] = (
  [
    ["nodes", "Nodes per domain"],
    ["watches", "Watches per domain"],
    ["outstanding", "Outstanding requests per domain"],
    ["memory", "Total Xenstore memory per domain"],
    ["transactions", "Active transactions per domain"],
    ["transaction-nodes", "Max. number of accessed nodes per transaction"],
    ["node-permissions", "Max. number of permissions per node"],
    ["path-max", "Max. length of a node path"],
    ["node-size", "Max. size of a node"],
  ] as const
).map(([quota, about]) => ({ name: quota, quota, about }));

const SOFT_LIMITS: readonly LimitLine[] = [
  { name: "memory", quota: "soft-memory", about: "Total Xenstore memory per domain" },
];

/** What is counted of a domain. */
const COUNTED: readonly QuotaName[] = [
  "nodes",
  "watches",
  "outstanding",
  "memory",
  "transactions",
  "transaction-nodes",
  "node-permissions",
  "path-max",
  "node-size",
];

/** `quota`: lists limits, sets one, shows what a domain uses, or the most that any has used. */
export const quota = (rooms: Rooms, parameters: readonly string[]): Reply | undefined => {
  const [first, second, ...more] = parameters;
  if (first === undefined || first === "set") return limits(rooms, parameters, HARD_LIMITS);
  if (first === "max") {
    if (more.length > 0 || (second !== undefined && second !== "-r")) return undefined;
    if (second === "-r") rooms.usage.resetOverall();
    return peaks(rooms);
  }
  return second === undefined ? usageOf(rooms, atoi(first) >>> 0) : undefined;
};

/** `quota-soft`: lists the limits that warn, or sets one. */
export const quotaSoft = (rooms: Rooms, parameters: readonly string[]): Reply | undefined =>
  parameters[0] === undefined || parameters[0] === "set"
    ? limits(rooms, parameters, SOFT_LIMITS)
    : undefined;

/** Of records that will be made: the domains that are known keep theirs. */
const limits = (
  { defaultQuotas }: Rooms,
  [action, name, text, ...more]: readonly string[],
  lines: readonly LimitLine[],
): Reply | undefined => {
  if (action === undefined) {
    const list = lines.map(
      (line) => `${figure(line.name, defaultQuotas[line.quota])} ${line.about}\n`,
    );
    return bytesOf(`Quota settings:\n${list.join("")}\0`);
  }
  if (text === undefined || more.length > 0) return undefined;
  const line = lines.find((each) => each.name === name);
  const value = atoi(text);
  if (line === undefined || value < 1) return undefined;
  defaultQuotas[line.quota] = value;
  return OK;
};

const peaks = ({ usage }: Rooms): Reply => {
  const list = COUNTED.map((name) => `${figure(name, usage.overallPeak(name))}\n`);
  return bytesOf(`Max. seen accounting values:\n${list.join("")}\0`);
};

const usageOf = (rooms: Rooms, domid: number): Reply => {
  const usage = domainUsage(rooms, domid);
  if (usage === undefined) return "ENOENT";
  const list = COUNTED.map((name) => {
    const { used, peak } = usage.quotas[name];
    return `${figure(name, used)} (max ${`${peak}`.padStart(8)})\n`;
  });
  return bytesOf(`Domain ${domid}:\n${list.join("")}\0`);
};

const figure = (name: string, value: number): string =>
  `${name.padEnd(17)}: ${`${value}`.padStart(8)}`;
