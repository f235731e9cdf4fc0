import { readFileSync } from "node:fs";
import { encodeMessage, FrameReader, MESSAGE, messageTypeName } from "@xenkit/xenstore-wire";
import {
  type Connection,
  createStoreDaemon,
  DEFAULT_QUOTAS,
  followTracker,
  type GuestTransport,
  type Quotas,
  type StoreDaemon,
  trackedDomains,
} from "@xenkit/xenstored";
import { type HvLine, RecordedXen } from "./recorded-xen.ts";

interface RecordedMessage {
  readonly type: number;
  readonly req_id: number;
  readonly tx_id: number;
  readonly hex: string;
  /** What the header announces, when it lies. */
  readonly len?: number;
}

/** One line of a recording; see the README of the vectors. */
interface Line {
  readonly scenario: string;
  readonly step: number;
  readonly conn?: string;
  readonly start?: { readonly options?: readonly string[] };
  readonly open?: string;
  readonly closed?: string;
  readonly send?: RecordedMessage;
  readonly send_raw?: { readonly hex: string };
  readonly recv?: RecordedMessage;
  readonly varies?: readonly string[];
  readonly hv?: HvLine;
  readonly ring?: unknown;
  readonly hold?: boolean;
  readonly live_update?: unknown;
}

export interface Scenario {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** Reads a recording. */
export const readRecording = (url: URL): Scenario[] => {
  const scenarios = new Map<string, Line[]>();
  for (const text of readFileSync(url, "utf8").split("\n")) {
    if (text === "") continue;
    const line = JSON.parse(text) as Line;
    const lines = scenarios.get(line.scenario);
    if (lines === undefined) scenarios.set(line.scenario, [line]);
    else lines.push(line);
  }
  return [...scenarios].map(([name, lines]) => ({ name, lines }));
};

/** Whether a scenario looks at the shared page or at a live update: what needs more than messages. */
export const needsMore = ({ lines }: Scenario): boolean =>
  lines.some(
    (line) => line.ring !== undefined || line.hold !== undefined || line.live_update !== undefined,
  );

/**
 * The recorded daemon accepts one less than a limit says, ours what it says: `"one lower"` plays a scenario with each
 * limit, default or set in it, lowered by one, so that both refuse the same requests.
 */
export type Limits = "as recorded" | "one lower";

/** Plays a scenario on a fresh daemon and returns what differs; nothing when all is equal. */
export const replay = ({ lines }: Scenario, limits: Limits): string[] =>
  new Player(lines, limits).differences();

const LOWERED = [
  "nodes",
  "watches",
  "transactions",
  "transaction-nodes",
  "node-permissions",
  "path-max",
  "node-size",
] as const;

interface Client {
  readonly connection: Connection;
  readonly reader: FrameReader;
  closed: boolean;
}

class Player {
  readonly #xen = new RecordedXen();
  readonly #clients = new Map<string, Client>();
  readonly #deferred: (() => void)[] = [];
  readonly #steps: Line[][] = [];
  readonly #daemon: StoreDaemon;

  readonly #limits: Limits;

  constructor(lines: readonly Line[], limits: Limits) {
    this.#limits = limits;
    for (const line of lines) (this.#steps[line.step] ??= []).push(line);
    const { tracker } = this.#xen;
    const options = lines[0]?.start?.options ?? [];
    this.#daemon = createStoreDaemon({
      domains: trackedDomains(tracker),
      guests: { open: ({ domid, connection }) => this.#openGuest(domid, connection) },
      quotas: limits === "one lower" ? loweredQuotas() : {},
      keepOrphans: options.includes("--keep-orphans"),
    });
    followTracker(this.#daemon, tracker, { defer: (task) => this.#deferred.push(task) });
    this.#daemon.adopt(0);
  }

  differences(): string[] {
    const found: string[] = [];
    for (const lines of this.#steps) {
      for (const line of lines ?? []) this.#open(line);
      this.#act(lines ?? []);
      for (const task of this.#deferred.splice(0)) task();
      found.push(...this.#compare(lines ?? []));
    }
    return found;
  }

  #open({ conn, open }: Line): void {
    if (conn === undefined || open !== "socket") return;
    const client: Client = {
      connection: this.#daemon.connect(sinkOf(() => client)),
      reader: new FrameReader(),
      closed: false,
    };
    this.#clients.set(conn, client);
  }

  #openGuest(domid: number, connection: Connection): GuestTransport | undefined {
    if (!this.#xen.has(domid)) return undefined;
    const client: Client = { connection, reader: new FrameReader(), closed: false };
    this.#clients.set(`g${domid}`, client);
    const nothing = (): void => {};
    return {
      ...sinkOf(() => client),
      start: nothing,
      restart: () => client.reader.reset(),
      close: nothing,
    };
  }

  #act(lines: readonly Line[]): void {
    const pipelined = new Map<Client, Uint8Array[]>();
    for (const line of lines) {
      if (line.hv !== undefined) this.#xen.play(line.hv);
      const client = line.conn === undefined ? undefined : this.#clients.get(line.conn);
      if (client === undefined) continue;
      if (line.closed === "by client") client.connection.close();
      const bytes = bytesToSend(line, this.#limits);
      if (bytes === undefined) continue;
      const chunks = pipelined.get(client);
      if (chunks === undefined) pipelined.set(client, [bytes]);
      else chunks.push(bytes);
    }
    for (const [{ connection }, chunks] of pipelined) connection.receive(Buffer.concat(chunks));
  }

  #compare(lines: readonly Line[]): string[] {
    const found: string[] = [];
    for (const [name, client] of this.#clients) {
      const mine = lines.filter(({ conn }) => conn === name);
      const anyOrder = mine.some(({ varies }) =>
        varies?.some((what) => what.startsWith("may come before")),
      );
      const expected = mine.flatMap(({ recv, varies }) =>
        recv === undefined ? [] : [show(recv, varies)],
      );
      const varying = mine.flatMap(({ varies = [] }) => varies);
      const actual = takeMessages(client).map((message) => show(message, varying));
      if (anyOrder) for (const list of [expected, actual]) list.sort();
      const step = lines[0]?.step;
      for (let index = 0; index < Math.max(expected.length, actual.length); index += 1) {
        if (expected[index] === actual[index]) continue;
        const sent = mine.flatMap(({ send }) => (send === undefined ? [] : [show(send)]));
        found.push(
          `step ${step} ${name}: ${sent.join("; ")}: expected ${expected[index]}, got ${actual[index]}`,
        );
      }
      const closed = mine.some((line) => line.closed === "by daemon");
      if (closed !== client.closed)
        found.push(`step ${step} ${name}: closed ${client.closed}, expected ${closed}`);
      client.closed = false;
    }
    return found;
  }
}

const sinkOf = (
  client: () => Client,
): { output: () => void; closed: (reason: string) => void } => ({
  output: () => {},
  closed: (reason) => {
    if (client().connection.kind === "socket" && reason === "protocol") client().closed = true;
  },
});

const loweredQuotas = (): Partial<Quotas> =>
  Object.fromEntries(LOWERED.map((name) => [name, DEFAULT_QUOTAS[name] - 1]));

/** SET_QUOTA of a limit that the recorded daemon takes one too low, with that value. */
const lowered = (payload: Buffer): Buffer => {
  const strings = payload.toString("latin1").split("\0");
  const [name, value] = strings.slice(-3);
  const counted = LOWERED.some((each) => each === name) && /^[1-9][0-9]*$/.test(value ?? "");
  if (!counted) return payload;
  strings[strings.length - 2] = `${Number(value) - 1}`;
  return Buffer.from(strings.join("\0"), "latin1");
};

const bytesToSend = ({ send, send_raw }: Line, limits: Limits): Uint8Array | undefined => {
  if (send_raw !== undefined) return Buffer.from(send_raw.hex, "hex");
  if (send === undefined) return undefined;
  const recorded = Buffer.from(send.hex, "hex");
  const lower = limits === "one lower" && send.type === MESSAGE.setQuota;
  const payload = lower ? lowered(recorded) : recorded;
  const short = payload.subarray(0, 4096);
  const bytes = encodeMessage({
    type: send.type,
    reqId: send.req_id,
    txId: send.tx_id,
    payload: short,
  });
  new DataView(bytes.buffer).setUint32(12, send.len ?? payload.length, true);
  return bytes;
};

const takeMessages = ({ connection, reader }: Client): RecordedMessage[] => {
  const messages: RecordedMessage[] = [];
  reader.push(connection.output.take());
  while (reader.next()) {
    const { type, reqId, txId, payload } = reader;
    messages.push({ type, req_id: reqId, tx_id: txId, hex: Buffer.from(payload).toString("hex") });
  }
  return messages;
};

const show = (
  { type, req_id, tx_id, hex }: RecordedMessage,
  varies: readonly string[] = [],
): string => {
  let text = Buffer.from(hex, "hex").toString("latin1");
  if (varies.some((what) => what.startsWith("error name"))) text = "any";
  if (type === MESSAGE.directoryPart && varies.includes("generation"))
    text = text.replace(/^[0-9]+/, "N");
  return `${messageTypeName(type) ?? type} ${req_id}/${tx_id} ${JSON.stringify(text)}`;
};
