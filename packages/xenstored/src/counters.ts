import { MESSAGE, WIRE_ERRNO } from "@xenkit/xenstore-wire";
import { QUOTA_NAMES, type QuotaName } from "./quota.ts";

const RESULTS: readonly string[] = ["OK", ...Object.keys(WIRE_ERRNO)];
const TYPES: readonly [name: string, type: number][] = Object.entries(MESSAGE);
const HIGHEST = Math.max(...TYPES.map(([, type]) => type));
/** Every type that is none counts here. */
const UNKNOWN = HIGHEST + 1;
const RESULT_INDEX: ReadonlyMap<string, number> = new Map(
  RESULTS.map((result, index) => [result, index]),
);

/** Requests of one type with one result. */
export interface RequestCount {
  /** As in `MESSAGE`; `unknown` for every other. */
  readonly type: string;
  /** `OK`, or the name of an error. */
  readonly result: string;
  readonly count: number;
}

/** What the daemon has done since it was made. */
export interface DaemonCounters {
  readonly eventsQueued: number;
  /** Left out, as an equal one waited. */
  readonly eventsMerged: number;
  /** For want of room or of memory of the receiver. */
  readonly eventsDropped: number;
  readonly eventsTimedOut: number;
  readonly transactionsStarted: number;
  readonly transactionsCommitted: number;
  readonly transactionsAborted: number;
  /** Commits that were refused with EAGAIN. */
  readonly conflicts: number;
  /** Commits that a strict daemon would have refused with EAGAIN. */
  readonly conflictsSpared: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  /** What quotas have refused. */
  readonly refusals: Readonly<Record<QuotaName, number>>;
  /** Requests by type and result: those that there were. */
  requests(): RequestCount[];
}

/** It counts; who shows it is somebody else. */
export class Counters implements DaemonCounters {
  eventsQueued = 0;
  eventsMerged = 0;
  eventsDropped = 0;
  eventsTimedOut = 0;
  transactionsStarted = 0;
  transactionsCommitted = 0;
  transactionsAborted = 0;
  conflicts = 0;
  conflictsSpared = 0;
  connectionsOpened = 0;
  connectionsClosed = 0;
  readonly refusals: Record<QuotaName, number> = Object.fromEntries(
    QUOTA_NAMES.map((name) => [name, 0]),
  ) as Record<QuotaName, number>;
  readonly #requests = new Float64Array((UNKNOWN + 1) * RESULTS.length);

  /** @param error - Undefined: the request was granted. */
  request(type: number, error: string | undefined): void {
    const row = type <= HIGHEST ? type : UNKNOWN;
    const column = error === undefined ? 0 : (RESULT_INDEX.get(error) ?? 0);
    const at = row * RESULTS.length + column;
    this.#requests[at] = (this.#requests[at] ?? 0) + 1;
  }

  requests(): RequestCount[] {
    const rows: readonly [string, number][] = [...TYPES, ["unknown", UNKNOWN]];
    return rows.flatMap(([type, row]) =>
      RESULTS.flatMap((result, column) => {
        const count = this.#requests[row * RESULTS.length + column] ?? 0;
        return count === 0 ? [] : [{ type, result, count }];
      }),
    );
  }
}
