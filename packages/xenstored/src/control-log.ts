import { bytesOf, strings } from "@xenkit/xenstore-wire";
import { OK, type Reply, type Rooms } from "./request.ts";

/** What can be traced, by the names of Xen's daemon. */
const SWITCHES = ["obj", "io", "wrl", "acc", "tdb"] as const;
type Switch = (typeof SWITCHES)[number];

/**
 * What is written to the log beside refusals: `io`, a line for each request; `obj`, for each connection, watch and
 * transaction that comes and goes (a connection's transactions go with it); `wrl`, when a guest waits for its write rate. The others are only kept.
 */
export class TraceSwitches {
  /** `log on`. */
  enabled = false;
  readonly #on = new Set<Switch>(["obj", "io"]);

  /** Whether lines of this kind are written. */
  traces(name: Switch): boolean {
    return this.enabled && this.#on.has(name);
  }

  isOn(name: Switch): boolean {
    return this.#on.has(name);
  }

  /** @returns Whether there is such a switch. */
  turn(name: string, on: boolean): boolean {
    const found = SWITCHES.find((each) => each === name);
    if (found === undefined) return false;
    if (on) this.#on.add(found);
    else this.#on.delete(found);
    return true;
  }
}

/** Files, for a daemon that has none itself. What was not possible is false. */
export interface ControlFiles {
  /** The log goes to this file from now on. */
  logTo(path: string): boolean;
  /** Writes a report. */
  write(path: string, text: string): boolean;
}

/** `log`: lists the switches, turns tracing on or off, turns one switch. */
export const log = ({ trace }: Rooms, parameters: readonly string[]): Reply | undefined => {
  const [what, ...more] = parameters;
  if (more.length > 0) return undefined;
  if (what === undefined) {
    const list = SWITCHES.map((name) => `${name.padEnd(8)}: ${trace.isOn(name) ? "on" : "off"}\n`);
    return bytesOf(`Log switch settings:\n${list.join("")}\0`);
  }
  if (what === "on" || what === "off") {
    trace.enabled = what === "on";
    return OK;
  }
  const sign = what[0];
  if (sign !== "+" && sign !== "-") return undefined;
  return trace.turn(what.slice(1), sign === "+") ? OK : undefined;
};

/** `logfile`: the log goes to another file. */
export const logfile = ({ files }: Rooms, parameters: readonly string[]): Reply | undefined => {
  const [path, ...more] = parameters;
  if (path === undefined || more.length > 0) return undefined;
  return files?.logTo(path) ? OK : undefined;
};

/** `memreport`: what is kept, and for whom; to the log, or to a file. */
export const memreport = (rooms: Rooms, parameters: readonly string[]): Reply | undefined => {
  const [path, ...more] = parameters;
  const { files } = rooms;
  // Xen's daemon, too, has no report without a file to log to.
  if (more.length > 0 || files === undefined) return undefined;
  const lines = reportLines(rooms);
  if (path !== undefined) return files.write(path, `${lines.join("\n")}\n`) ? OK : undefined;
  for (const line of lines) rooms.log(line);
  return OK;
};

const reportLines = ({ store, watches, transactions, domains, limits }: Rooms): string[] => [
  `memreport: ${store.size} nodes, ${watches.size} watches, ${transactions.open} transactions`,
  ...[...domains]
    .filter(({ domid }) => domid !== domains.controlDomid)
    .map((record) => {
      const owned = store.index.owned(record.domid);
      return `memreport: domain ${record.domid}: ${limits.memoryOf(record)} bytes, ${owned} nodes`;
    }),
];

/** `live-update`: checked as by a daemon that has it. */
export const liveUpdate = (_: Rooms, [option, ...rest]: readonly string[]): Reply | undefined => {
  if (option === "-a") {
    return rest.length === 0 ? bytesOf("No live-update session active.\0") : undefined;
  }
  const known = option === "-f" || option === "-c" || option === "-s";
  return known ? bytesOf("live update is not supported yet\0") : undefined;
};

/** A request as the trace shows it: who, what, how it ended. Of its payload only the first string. */
export const traceLine = (
  { kind, domid }: { readonly kind: string; readonly domid: number },
  { type, txId, payload }: { type: number; txId: number; payload: Uint8Array },
  result: string | undefined,
): string => {
  const first = (strings(payload)[0] ?? "").slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
  return `io: ${kind} of domain ${domid}: type ${type}, tx ${txId}, "${first}": ${result ?? "OK"}`;
};
