import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  MESSAGE,
  type MessageType,
} from "@xenkit/xenstore-wire";
import type { StoreConnection, StoreDaemon } from "@xenkit/xenstored";
import type { Random } from "./random.ts";
import { StoreModel, type StoreRequest } from "./store-model.ts";

/** What does not hold. */
export class Broken extends Error {}

/** What the clients of one daemon share. */
export interface Shared {
  readonly daemon: StoreDaemon;
  readonly model: StoreModel;
  readonly clients: Client[];
  readonly random: Random;
}

interface Expected {
  readonly id: number;
  /** Undefined: any answer. */
  readonly answer: string | undefined;
  readonly seen: ((answer: string) => void) | undefined;
}

interface Watch {
  readonly path: string;
  readonly token: string;
  /** Changed since it was set; the event was not read yet. */
  readonly owed: Set<string>;
}

interface Transaction {
  readonly id: number;
  readonly version: number;
  readonly done: { readonly request: StoreRequest; readonly answer: string }[];
}

const TYPES: Readonly<Record<StoreRequest["kind"], MessageType>> = {
  read: MESSAGE.read,
  write: MESSAGE.write,
  mkdir: MESSAGE.mkdir,
  rm: MESSAGE.rm,
};

const MOST_OUTSTANDING = 20;

/** A client on a socket: sends bytes in parts, reads when it likes, and checks every answer. */
export class Client {
  readonly #shared: Shared;
  readonly #connection: StoreConnection;
  readonly #reader = new FrameReader();
  readonly #expected: Expected[] = [];
  readonly watches: Watch[] = [];
  #transaction: Transaction | undefined;
  /** What was not sent yet, and what happens when its last byte is. */
  #sending: { bytes: Uint8Array; processed: () => void } | undefined;
  #lastId = 0;
  isClosed = false;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#connection = shared.daemon.connect({
      output: () => {},
      closed: () => {
        this.isClosed = true;
      },
    });
  }

  get isIdle(): boolean {
    return this.#sending === undefined && this.#expected.length === 0;
  }

  get hasTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  /** One step: a part of a message, a look at the answers, or a new request. */
  step(): void {
    const { random } = this.#shared;
    if (this.#sending !== undefined) this.#sendPart(random);
    else if (this.#expected.length >= MOST_OUTSTANDING || random.oneIn(3)) this.read();
    else this.#newRequest(random);
  }

  /** Brings what is under way to its end. */
  finish(): void {
    while (this.#sending !== undefined) this.#sendPart(this.#shared.random);
    this.read();
    if (this.#transaction !== undefined) this.#end(this.#transaction, "F");
    while (this.#sending !== undefined) this.#sendPart(this.#shared.random);
    this.read();
    if (this.#expected.length > 0) throw new Broken(`${this.#expected.length} requests unanswered`);
  }

  /** The socket is cut, in the middle of whatever is under way. */
  cut(): void {
    this.#connection.close();
    this.isClosed = true;
  }

  /** Takes all output there is. */
  read(): void {
    this.#reader.push(this.#connection.output.take());
    while (this.#reader.next()) {
      const { type, reqId, payload } = this.#reader;
      if (type === MESSAGE.watchEvent) this.#hearEvent(binary(payload));
      else this.#hearAnswer(reqId, type === MESSAGE.error, binary(payload), type);
    }
  }

  /** A change that every watch on the path or above must tell of. */
  owe(path: string): void {
    for (const watch of this.watches) {
      if (path === watch.path || path.startsWith(`${watch.path}/`)) watch.owed.add(path);
    }
  }

  #sendPart(random: Random): void {
    const sending = this.#sending;
    if (sending === undefined) return;
    const part = Math.min(sending.bytes.length, 1 + random.below(24));
    const isLast = part === sending.bytes.length;
    // What the daemon answers is decided by what is there when the last byte arrives.
    if (isLast) this.#sending = undefined;
    this.#connection.receive(sending.bytes.subarray(0, part));
    if (isLast) sending.processed();
    else sending.bytes = sending.bytes.subarray(part);
  }

  #newRequest(random: Random): void {
    const transaction = this.#transaction;
    if (transaction !== undefined && random.oneIn(5)) this.#end(transaction, "T");
    else if (transaction === undefined && random.oneIn(12)) this.#begin();
    else if (transaction === undefined && this.watches.length < 3 && random.oneIn(30))
      this.#watch();
    else this.#request(randomRequest(random), transaction);
  }

  #request(request: StoreRequest, transaction: Transaction | undefined): void {
    const value = request.kind === "write" ? request.value : "";
    const payload = bytesOf(`${request.path}\0${value}`);
    this.#send(TYPES[request.kind], transaction?.id ?? 0, payload, () => {
      if (transaction !== undefined) {
        const seen = (answer: string): void => void transaction.done.push({ request, answer });
        return { answer: undefined, seen };
      }
      return { answer: applyNow(this.#shared, request), seen: undefined };
    });
  }

  #begin(): void {
    this.#send(MESSAGE.transactionStart, 0, Uint8Array.of(0), () => {
      const { version } = this.#shared.model;
      const seen = (answer: string): void => {
        this.#transaction = { id: Number.parseInt(answer.slice(1), 10), version, done: [] };
      };
      return { answer: undefined, seen };
    });
    this.finishSending();
  }

  /** Whether it succeeds is read at once: what comes after it depends on it. */
  #end(transaction: Transaction, outcome: "T" | "F"): void {
    this.read();
    this.#send(MESSAGE.transactionEnd, transaction.id, bytesOf(`${outcome}\0`), () => {
      const { model } = this.#shared;
      const isAlone = model.version === transaction.version;
      const seen = (answer: string): void => {
        this.#transaction = undefined;
        if (outcome === "F") return;
        if (answer === "OK") commit(this.#shared, transaction);
        else if (answer !== "EAGAIN" || isAlone) {
          throw new Broken(`a commit that nothing is in conflict with: ${answer}`);
        }
      };
      return { answer: undefined, seen };
    });
    this.finishSending();
  }

  #watch(): void {
    const { random } = this.#shared;
    this.#lastToken += 1;
    const watch: Watch = {
      path: random.pick(["/t", "/t/a", "/t/b", "/t/a/a"]),
      token: `w${this.#lastToken}`,
      owed: new Set(),
    };
    this.#send(MESSAGE.watch, 0, bytesOf(`${watch.path}\0${watch.token}\0`), () => {
      this.watches.push(watch);
      // A watch tells once of itself.
      watch.owed.add(watch.path);
      return { answer: "OK", seen: undefined };
    });
  }
  #lastToken = 0;

  finishSending(): void {
    while (this.#sending !== undefined) this.#sendPart(this.#shared.random);
    this.read();
  }

  #send(
    type: MessageType,
    txId: number,
    payload: Uint8Array,
    processed: () => Omit<Expected, "id">,
  ): void {
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    this.#sending = {
      bytes: encodeMessage({ type, reqId: id, txId, payload }),
      processed: () => void this.#expected.push({ id, ...processed() }),
    };
  }

  #hearAnswer(id: number, isError: boolean, payload: string, type: number): void {
    const expected = this.#expected.shift();
    if (expected === undefined || expected.id !== id) {
      throw new Broken(`the answer to request ${id} came for ${expected?.id}`);
    }
    const text = type === MESSAGE.read || type === MESSAGE.transactionStart ? `=${payload}` : "OK";
    const answer = isError ? payload.slice(0, -1) : text;
    if (expected.answer !== undefined && expected.answer !== answer) {
      throw new Broken(`request ${id} was answered ${answer}, not ${expected.answer}`);
    }
    expected.seen?.(answer);
  }

  #hearEvent(payload: string): void {
    const [path = "", token = ""] = payload.split("\0");
    this.watches.find((watch) => watch.token === token)?.owed.delete(path);
  }
}

const LEAVES = ["/t/a", "/t/b", "/t/c", "/t/a/a", "/t/a/b", "/t/b/a", "/t/b/a/x"] as const;

const randomRequest = (random: Random): StoreRequest => ({
  kind: random.pick(["read", "read", "write", "write", "write", "mkdir", "rm"]),
  path: random.pick(LEAVES),
  value: `${random.below(1000)}`,
});

const applyNow = ({ model, clients }: Shared, request: StoreRequest): string => {
  const { version } = model;
  const answer = model.apply(request);
  if (model.version !== version) for (const client of clients) client.owe(request.path);
  return answer;
};

/** A commit that succeeded must be what doing all its requests now, at once, would have been. */
const commit = (shared: Shared, { done }: Transaction): void => {
  const trial = new StoreModel(shared.model.nodes);
  for (const { request, answer } of done) {
    const now = trial.apply(request);
    if (now === answer) continue;
    const { kind, path } = request;
    throw new Broken(`not serialisable: ${kind} ${path} was answered ${answer}, now ${now}`);
  }
  for (const { request } of done) {
    const { version } = shared.model;
    shared.model.apply(request);
    if (shared.model.version !== version) shared.model.version += 1;
  }
};
