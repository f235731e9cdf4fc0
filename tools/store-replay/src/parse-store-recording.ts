import type { Line, RecordedMessage } from "./recording-line.ts";

/** One scenario of a recording: a fresh daemon, and what was done to it. */
export interface Scenario {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** A file that is no recording in the format of the README: where, and why. */
export class StoreRecordingError extends Error {
  override readonly name = "StoreRecordingError";
  /** Counted from 1. */
  readonly line: number;

  constructor(reason: string, options: ErrorOptions & { readonly line: number }) {
    super(`line ${options.line}: ${reason}`, options);
    this.line = options.line;
  }
}

/**
 * Reads a recording of a Xenstore daemon.
 *
 * @throws StoreRecordingError for anything else.
 */
export const parseStoreRecording = (text: string): Scenario[] => {
  const scenarios = new Map<string, Line[]>();
  for (const [index, source] of text.split("\n").entries()) {
    if (source === "") continue;
    const line = parseLine(source, index + 1);
    const lines = scenarios.get(line.scenario);
    if (lines === undefined) scenarios.set(line.scenario, [line]);
    else lines.push(line);
  }
  if (scenarios.size === 0) throw new StoreRecordingError("nothing is recorded", { line: 1 });
  return [...scenarios].map(([name, lines]) => ({ name, lines }));
};

/** No scenario has more steps: an index beyond is a mistake, and would only make an array with holes. */
const STEPS_UP_TO = 1_000_000;

const parseLine = (source: string, number: number): Line => {
  const fail = (reason: string, cause?: unknown): never => {
    throw new StoreRecordingError(reason, { line: number, cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return fail("not JSON", error);
  }
  if (!isObject(value)) return fail("not an object");
  const { scenario, step, conn, send, recv, send_raw: raw, ring, hv, varies } = value;
  const { state_stream: state } = value;
  if (typeof scenario !== "string") return fail("scenario is not a string");
  if (!isIndex(step) || step > STEPS_UP_TO) return fail("step is not an index");
  if (conn !== undefined && !(typeof conn === "string" && /^[sg][0-9]{1,5}$/.test(conn)))
    return fail("conn is neither s1… nor g0…");
  for (const [name, message] of [
    ["send", send],
    ["recv", recv],
  ] as const) {
    if (message !== undefined && !isMessage(message)) return fail(`${name} is no message`);
  }
  if (raw !== undefined && !(isObject(raw) && isHex(raw["hex"])))
    return fail("send_raw.hex is no hex");
  if (ring !== undefined && !(isObject(ring) && isIndex(ring["domid"])))
    return fail("ring.domid is no domid");
  if (hv !== undefined && !(isObject(hv) && typeof hv["action"] === "string"))
    return fail("hv.action is not a string");
  if (state !== undefined && !isHex(state)) return fail("state_stream is no hex");
  if (varies !== undefined && !Array.isArray(varies)) return fail("varies is no list");
  return value as unknown as Line;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isIndex = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;

const isHex = (value: unknown): boolean =>
  typeof value === "string" && /^([0-9a-f]{2})*$/.test(value);

const isMessage = (value: unknown): value is RecordedMessage =>
  isObject(value) &&
  ["type", "req_id", "tx_id"].every((name) => isIndex(value[name])) &&
  isHex(value["hex"]);
