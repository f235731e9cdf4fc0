import { STATE } from "@xenkit/abi";
import type { DomainInfo } from "@xenkit/xenmanage";
import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  joinStrings,
  MESSAGE,
} from "@xenkit/xenstore-wire";
import {
  type CloseReason,
  createStoreDaemon,
  type GuestTransports,
  type StoreConnection,
  type StoreDaemon,
  type StoreDaemonOptions,
} from "@xenkit/xenstored";

type TypeName = keyof typeof MESSAGE;

/** A message as tests look at it: `"ENOENT"` for an error, else the payload as a binary string. */
export interface Received {
  readonly type: number;
  readonly text: string;
}

/** A client without a socket: what it sends is answered at once. */
export class TestClient {
  readonly events: string[] = [];
  closed: CloseReason | undefined;
  readonly connection: StoreConnection;
  readonly #reader = new FrameReader();

  constructor(
    connect: (sink: {
      output: () => void;
      closed: (reason: CloseReason) => void;
    }) => StoreConnection,
  ) {
    this.connection = connect({
      output: () => {},
      closed: (reason) => {
        this.closed = reason;
      },
    });
  }

  /** Sends a request and returns its reply: the payload, or the name of the error. Events before it are kept. */
  ask(type: TypeName, payload = "", txId = 0): string {
    this.send(type, payload, txId);
    const replies = this.receive();
    if (replies.length !== 1) throw new Error(`${replies.length} replies to ${type}`);
    return replies[0]?.text ?? "";
  }

  /** Sends a request and leaves what comes of it. */
  send(type: TypeName, payload = "", txId = 0): void {
    this.connection.receive(
      encodeMessage({ type: MESSAGE[type], reqId: 1, txId, payload: bytesOf(payload) }),
    );
  }

  /** Sends the same request many times, in one chunk, and leaves what comes of it. */
  sendMany(count: number, type: TypeName, payload: string): void {
    const one = encodeMessage({
      type: MESSAGE[type],
      reqId: 1,
      txId: 0,
      payload: bytesOf(payload),
    });
    const all = new Uint8Array(count * one.length);
    for (let index = 0; index < count; index += 1) all.set(one, index * one.length);
    this.connection.receive(all);
  }

  /** Bytes that were taken from the connection by other means. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    while (this.#reader.next()) throw new Error("a whole message was taken");
  }

  /** Takes what waits: replies are returned, events are kept as `path token`. */
  receive(): Received[] {
    const replies: Received[] = [];
    this.#reader.push(this.connection.output.take());
    while (this.#reader.next()) {
      const { type, payload } = this.#reader;
      const text = binary(payload);
      if (type === MESSAGE.watchEvent) this.events.push(text.slice(0, -1).replace("\0", " "));
      else if (type === MESSAGE.error) replies.push({ type, text: text.slice(0, -1) });
      else replies.push({ type, text });
    }
    return replies;
  }

  /** Takes the events that came since the last call. */
  takeEvents(): string[] {
    this.receive();
    return this.events.splice(0);
  }
}

/** A daemon with a socket client, and domains that exist as the test says. */
export class TestHost {
  readonly daemon: StoreDaemon;
  readonly dom0: TestClient;
  readonly lines: string[] = [];
  readonly #domains = new Map<number, DomainInfo>();
  readonly #guests = new Map<number, TestClient>();
  #uniqueId = 100n;

  constructor(options: Partial<StoreDaemonOptions> = {}) {
    const guests: GuestTransports = {
      open: ({ domid, connection }) => {
        const ignore = (): void => {};
        const client = new TestClient(() => connection);
        this.#guests.set(domid, client);
        const closed = (reason: CloseReason): void => {
          client.closed = reason;
        };
        return { output: ignore, closed, start: ignore, restart: ignore, close: ignore };
      },
    };
    this.daemon = createStoreDaemon({
      domains: { getDomainInfo: (domid) => this.#domains.get(domid) },
      guests,
      log: (line) => this.lines.push(line),
      ...options,
    });
    this.dom0 = this.client();
  }

  client(): TestClient {
    return new TestClient((sink) => this.daemon.connect(sink));
  }

  /** A new domain, with a home of its own if it is introduced. */
  create(domid: number): void {
    this.#uniqueId += 1n;
    this.#domains.set(domid, { domid, state: STATE.exist, caps: 0, uniqueId: this.#uniqueId });
  }

  /** Creates and introduces a domain and returns its client. */
  guest(domid: number): TestClient {
    this.create(domid);
    this.dom0.ask("write", `/local/domain/${domid}\0`);
    this.dom0.ask("setPerms", `/local/domain/${domid}\0n${domid}\0`);
    return this.introduce(domid);
  }

  introduce(domid: number): TestClient {
    const reply = this.dom0.ask("introduce", joinStrings([`${domid}`, "1", "7"]));
    const client = this.#guests.get(domid);
    if (reply !== "OK\0" || client === undefined) throw new Error(`INTRODUCE ${domid}: ${reply}`);
    return client;
  }

  /** Has domains shut down, die or go, and the daemon be told in one drain. */
  change(
    ...changes: readonly { readonly domid: number; readonly to: "shutdown" | "dead" | "gone" }[]
  ): void {
    this.daemon.follow(
      changes.map(({ domid, to }) => {
        const previous = this.#domains.get(domid) ?? { domid, state: 0, caps: 0, uniqueId: 0n };
        if (to === "gone") {
          this.#domains.delete(domid);
          return { kind: "gone", previous, domain: { domid, state: 0, caps: 0, uniqueId: 0n } };
        }
        const domain = { ...previous, state: previous.state | STATE[to] };
        this.#domains.set(domid, domain);
        return { kind: to, previous, domain };
      }),
    );
  }
}
