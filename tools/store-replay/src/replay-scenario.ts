import {
  encodeMessage,
  FrameReader,
  getU32,
  MESSAGE,
  messageTypeName,
  putU32,
  RING_PAGE,
} from "@xenkit/xenstore-wire";
import { compareState } from "./compare-state.ts";
import { ManualClock } from "./manual-clock.ts";
import type { Scenario } from "./parse-store-recording.ts";
import {
  LOWERED_LIMITS,
  type MakeDaemon,
  type PlayedConnection,
  type PlayedDaemon,
} from "./played-daemon.ts";
import { RecordedXen } from "./recorded-xen.ts";
import type { Line, RecordedMessage, RingField, RingFields } from "./recording-line.ts";
import { RingClient } from "./ring-client.ts";

/** Fields of the shared page. */
const RING_FIELDS: Readonly<Record<RingField, number>> = {
  req_cons: RING_PAGE.requestConsumer,
  req_prod: RING_PAGE.requestProducer,
  rsp_cons: RING_PAGE.responseConsumer,
  rsp_prod: RING_PAGE.responseProducer,
  server_features: RING_PAGE.features,
  connection: RING_PAGE.connection,
  error: RING_PAGE.error,
  evtchn_port: RING_PAGE.eventChannelPort,
};

/**
 * The recorded daemon accepts one less than a limit says, ours what it says: `"one lower"` plays a scenario with each
 * limit, default or set in it, lowered by one, so that both refuse the same requests.
 */
export type Limits = "as recorded" | "one lower";

/** How a scenario is played. */
export interface ReplayScenarioOptions {
  readonly limits: Limits;
  readonly makeDaemon: MakeDaemon;
}

/** Plays a scenario on a fresh daemon and returns what differs; nothing when all is equal. */
export const replayScenario = ({ lines }: Scenario, options: ReplayScenarioOptions): string[] =>
  new Player(lines, options).differences();

interface Client {
  readonly send: (bytes: Uint8Array) => void;
  /** Takes the bytes that have come. */
  readonly take: () => Uint8Array;
  readonly reader: FrameReader;
  /** Of a socket. */
  readonly connection: PlayedConnection | undefined;
  readonly ring: RingClient | undefined;
  closed: boolean;
}

class Player {
  readonly #xen = new RecordedXen();
  readonly #clock = new ManualClock();
  readonly #clients = new Map<string, Client>();
  readonly #deferred: (() => void)[] = [];
  readonly #steps: Line[][] = [];
  readonly #daemon: PlayedDaemon;
  readonly #limits: Limits;
  #started = false;

  constructor(lines: readonly Line[], { limits, makeDaemon }: ReplayScenarioOptions) {
    this.#limits = limits;
    for (const line of lines) {
      this.#steps[line.step] ??= [];
      this.#steps[line.step]?.push(line);
    }
    const { tracker } = this.#xen;
    const defer = (task: () => void): void => {
      this.#deferred.push(task);
    };
    this.#daemon = makeDaemon({
      tracker,
      clock: this.#clock,
      rings: this.#xen.rings(defer),
      loweredLimits: limits === "one lower" ? LOWERED_LIMITS : [],
      keepOrphans: (lines[0]?.start?.options ?? []).includes("--keep-orphans"),
    });
    this.#daemon.adopt(0, 1);
  }

  differences(): string[] {
    const found: string[] = [];
    for (const lines of this.#steps) {
      for (const line of lines ?? []) this.#open(line);
      this.#act(lines ?? []);
      this.#settle();
      found.push(...this.#compare(lines ?? []));
    }
    return found;
  }

  #open({ conn, open }: Line): void {
    if (conn === undefined || open !== "socket") return;
    if (!this.#started) this.#adoptPresent();
    this.#started = true;
    const connection = this.#daemon.connect({
      output: () => {},
      closed: (reason) => {
        client.closed = reason === "protocol";
      },
    });
    const client: Client = {
      send: (bytes) => connection.receive(bytes),
      take: () => connection.output.take(),
      reader: new FrameReader(),
      connection,
      ring: undefined,
      closed: false,
    };
    this.#clients.set(conn, client);
  }

  /** The recorded daemon starts after the domains that were created before the first socket. */
  #adoptPresent(): void {
    for (const domid of this.#xen.domids()) {
      const port = getU32(this.#xen.page(domid), RING_PAGE.eventChannelPort);
      if (port !== 0) this.#daemon.adopt(domid);
    }
  }

  #guest(name: string): Client {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const domid = Number(name.slice(1));
    const ring = new RingClient({
      page: () => this.#xen.page(domid),
      notify: () => {
        this.#xen.notifyDaemon(domid);
        this.#settle();
      },
    });
    const client: Client = {
      send: (bytes) => ring.send(bytes),
      take: () => ring.take(),
      reader: new FrameReader(),
      connection: undefined,
      ring,
      closed: false,
    };
    this.#clients.set(name, client);
    return client;
  }

  /** Until nothing moves any more: that one guest reads may let another go on. */
  #settle(): void {
    do {
      for (let task = this.#deferred.shift(); task !== undefined; task = this.#deferred.shift())
        task();
    } while ([...this.#clients.values()].some(({ ring }) => ring?.poll()));
  }

  #act(lines: readonly Line[]): void {
    const pipelined = new Map<Client, Uint8Array[]>();
    for (const line of lines) {
      if (line.wait_ms !== undefined) this.#clock.advance(line.wait_ms);
      if (line.hv !== undefined) this.#xen.play(line.hv);
      if (line.ring?.set !== undefined) this.#setRing(line.ring.domid, line.ring.set);
      if (line.conn === undefined) continue;
      const client = line.conn.startsWith("g")
        ? this.#guest(line.conn)
        : this.#clients.get(line.conn);
      if (client === undefined) continue;
      if (line.closed === "by client") client.connection?.close();
      if (line.open === "ring") client.reader.reset();
      if (line.hold !== undefined && client.ring !== undefined) client.ring.held = line.hold;
      const bytes = bytesToSend(line, this.#limits);
      if (bytes === undefined) continue;
      const chunks = pipelined.get(client);
      if (chunks === undefined) pipelined.set(client, [bytes]);
      else chunks.push(bytes);
    }
    for (const [client, chunks] of pipelined) client.send(Buffer.concat(chunks));
  }

  #setRing(domid: number, fields: RingFields): void {
    const page = this.#xen.page(domid);
    for (const [name, value] of Object.entries(fields)) {
      putU32(page, RING_FIELDS[name as RingField], value);
    }
    this.#xen.notifyDaemon(domid);
  }

  #compare(lines: readonly Line[]): string[] {
    const found: string[] = [];
    const step = lines[0]?.step;
    for (const [name, client] of this.#clients) {
      const mine = lines.filter(({ conn }) => conn === name);
      const varying = mine.flatMap(({ varies = [] }) => varies);
      const expected = mine.flatMap(({ recv, varies }) =>
        recv === undefined ? [] : [show(recv, varies)],
      );
      const actual = takeMessages(client).map((message) => show(message, varying));
      const anyOrder = varying.some((what) => what.startsWith("may come before"));
      if (anyOrder) for (const list of [expected, actual]) list.sort();
      for (let index = 0; index < Math.max(expected.length, actual.length); index += 1) {
        if (expected[index] === actual[index]) continue;
        const sent = mine.flatMap(({ send }) => (send === undefined ? [] : [show(send)]));
        const difference = `expected ${expected[index]}, got ${actual[index]}`;
        found.push(`step ${step} ${name}: ${sent.join("; ")}: ${difference}`);
      }
      const closed = mine.some((line) => line.closed === "by daemon");
      if (closed !== client.closed) found.push(`step ${step} ${name}: closed is ${client.closed}`);
      client.closed = false;
    }
    for (const { state_stream: state } of lines)
      if (state !== undefined) found.push(...compareState(Buffer.from(state, "hex"), this.#daemon));
    for (const { ring } of lines)
      if (ring?.is !== undefined) found.push(...this.#compareRing(step, ring));
    return found;
  }

  #compareRing(
    step: number | undefined,
    { domid, is = {} }: { domid: number; is?: RingFields },
  ): string[] {
    const page = this.#xen.page(domid);
    return Object.entries(is).flatMap(([name, value]) => {
      const actual = getU32(page, RING_FIELDS[name as RingField]);
      return actual === value
        ? []
        : [`step ${step} ring ${domid}: ${name} is ${actual}, not ${value}`];
    });
  }
}

/** SET_QUOTA of a limit that the recorded daemon takes one too low, with that value. */
const lowered = (payload: Buffer): Buffer => {
  const strings = payload.toString("latin1").split("\0");
  const [name, value] = strings.slice(-3);
  const counted = LOWERED_LIMITS.some((each) => each === name) && /^[1-9][0-9]*$/.test(value ?? "");
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
  const { type, req_id: reqId, tx_id: txId } = send;
  const bytes = encodeMessage({ type, reqId, txId, payload: payload.subarray(0, 4096) });
  putU32(bytes, 12, send.len ?? payload.length);
  return bytes;
};

const takeMessages = ({ take, reader }: Client): RecordedMessage[] => {
  const messages: RecordedMessage[] = [];
  reader.push(take());
  while (reader.next()) {
    const { type, reqId, txId, payload } = reader;
    const hex = Buffer.from(payload).toString("hex");
    messages.push({ type, req_id: reqId, tx_id: txId, hex });
  }
  return messages;
};

const show = (
  { type, req_id, tx_id, hex }: RecordedMessage,
  varies: readonly string[] = [],
): string => {
  let text = Buffer.from(hex, "hex").toString("latin1");
  if (varies.some((what) => what.startsWith("error name"))) text = "any";
  // Of memory and requests under way, each daemon has its own accounting.
  if (type === MESSAGE.control && /^(Domain|Max)/.test(text)) {
    text = text.replace(/^(outstanding|memory) .*\n/gm, "");
  }
  const anyGeneration = type === MESSAGE.directoryPart && varies.includes("generation");
  if (anyGeneration) text = text.replace(/^[0-9]+/, "N");
  return `${messageTypeName(type) ?? type} ${req_id}/${tx_id} ${JSON.stringify(text)}`;
};
