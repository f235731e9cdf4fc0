import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  MESSAGE,
  type MessageType,
  pathKind,
} from "@xenkit/xenstore-wire";
import { Broken } from "./broken.ts";
import type { Caller } from "./model-perms.ts";
import type { Change, Judging, TreeRequest } from "./model-types.ts";
import { Transaction } from "./transaction.ts";
import { type Moment, WatchLedger } from "./watch-ledger.ts";
import type { World } from "./world.ts";

/** A session's way to the daemon and back. */
export interface Link {
  /** Gives the daemon some of the bytes. @returns How many it took. */
  send(bytes: Uint8Array): number;
  /** What has come: some of it, or nothing. */
  receive(): Uint8Array;
  /** How many bytes the daemon has given out since the session began. */
  readonly written: number;
}

/** What a request will be answered, once the daemon has looked at it. */
interface Expected {
  /** "OK", "=" and what the answer holds, or the name of an error. Undefined: that is judged by `seen`. */
  readonly answer: string | undefined;
  readonly seen?: (answer: string) => void;
}

/**
 * What a request does, when the daemon looks at it.
 *
 * @param told - OK, or the error.
 * @param asked - Anew: it ended a transaction, and the daemon has asked all of that again.
 */
type Processed = (told: string, asked: "before" | "anew") => Expected;

interface Sent {
  readonly id: number;
  readonly type: number;
  readonly payload: string;
  readonly processed: Processed;
}

const TYPES: Readonly<Record<TreeRequest["kind"], MessageType>> = {
  read: MESSAGE.read,
  write: MESSAGE.write,
  mkdir: MESSAGE.mkdir,
  rm: MESSAGE.rm,
  directory: MESSAGE.directory,
  getPerms: MESSAGE.getPerms,
  setPerms: MESSAGE.setPerms,
};
/** Types whose answers hold something. */
const TELLING = new Set<number>([
  MESSAGE.read,
  MESSAGE.directory,
  MESSAGE.getPerms,
  MESSAGE.transactionStart,
  MESSAGE.isDomainIntroduced,
]);
const MOST_OUTSTANDING = 60;

/** One client of the daemon: sends requests in parts, reads when it likes, and checks every answer and event. */
export class Session {
  readonly caller: Caller;
  readonly link: Link;
  readonly ledger: WatchLedger;
  readonly world: World;
  /** Those that the daemon has begun and not ended. */
  transactions: Transaction[] = [];
  readonly #mix: (session: Session) => void;
  readonly #reader = new FrameReader();
  /** Not answered by the daemon; the last may be half sent. */
  readonly #sent: Sent[] = [];
  /** Answered, not read. */
  readonly #expected: (Expected & { readonly id: number })[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #received = 0;
  #lastId = 0;
  #lastToken = 0;
  #conflicts = 0;
  #pauseUntil = 0;

  /** @param mix - Makes a new request. */
  constructor(world: World, caller: Caller, link: Link, mix: (session: Session) => void) {
    this.world = world;
    this.caller = caller;
    this.link = link;
    this.#mix = mix;
    this.ledger = new WatchLedger(caller);
  }

  /** Nothing is half sent. */
  get isBetweenMessages(): boolean {
    return this.#rest.length === 0;
  }

  /** All that was sent has been answered, and read. */
  get isIdle(): boolean {
    return this.#sent.length === 0 && this.#expected.length === 0;
  }

  /** What the daemon answers next. */
  get next(): Sent | undefined {
    return this.#sent[0];
  }

  /** What it waits for, to be told. */
  get waiting(): string {
    return `${this.#sent.length} requests unanswered, ${this.#expected.length} answers unread`;
  }

  /** One step: a part of a message, a look at what has come, or a new request. */
  step(): void {
    const { random, clock } = this.world;
    if (this.#rest.length > 0 && !random.oneIn(6)) this.#sendPart();
    else if (this.#rest.length > 0 || clock.now() < this.#pauseUntil) this.read();
    else if (this.#sent.length + this.#expected.length >= MOST_OUTSTANDING) this.read();
    else if (this.transactions.some(({ isEnding }) => isEnding) || random.oneIn(3)) this.read();
    else this.#mix(this);
  }

  /** Brings what is under way nearer to its end. @returns Whether all is over. */
  settle(): boolean {
    while (this.#rest.length > 0 && this.#sendPart() > 0);
    while (this.read() > 0);
    if (!this.isIdle) return false;
    const open = this.transactions.find(({ id }) => id !== undefined);
    if (open !== undefined && !open.isEnding) this.endTransaction(open, "F");
    return this.isIdle && this.transactions.length === 0;
  }

  /** Takes what has come. @returns How many bytes. */
  read(): number {
    const bytes = this.link.receive();
    this.world.history.bytes(bytes);
    this.#received += bytes.length;
    this.#reader.push(bytes);
    while (this.#reader.next()) {
      const { type, reqId, payload } = this.#reader;
      const text = binary(payload);
      if (type === MESSAGE.watchEvent) this.#hear(text);
      else this.#answer(reqId, type, text);
    }
    return bytes.length;
  }

  /** The daemon has looked at the next request. @param told - OK, or the error. */
  answered(told: string): void {
    const sent = this.#sent.shift();
    if (sent === undefined) throw new Broken("the daemon has answered what nobody has asked");
    const { id } = sent;
    const { world } = this;
    world.history.note(`domain ${this.caller.domid} is answered ${id}:`, told);
    const { conflictsSpared } = world.daemon.counters;
    const expected = sent.processed(told, conflictsSpared === world.spared ? "before" : "anew");
    world.spared = conflictsSpared;
    const error = errorOf(expected.answer ?? told);
    if (error !== told) throw new Broken(`request ${id} was answered ${told}, not ${error}`);
    this.#expected.push({ id, ...expected });
  }

  change(change: Change): void {
    this.ledger.change(change, () => this.#moment());
  }

  /** READ, WRITE … @param transaction - One that is open. */
  tree(request: TreeRequest, transaction?: Transaction): void {
    const { path, value } = request;
    const args = request.kind === "setPerms" ? `${value.replaceAll(" ", "\0")}\0` : value;
    this.send(TYPES[request.kind], `${path}\0${args}`, transaction?.id ?? 0, (told) => {
      const { model } = this.world;
      if (transaction === undefined) return { answer: model.apply(request, this.judging(told)) };
      if (transaction.isOver) return { answer: "ENOENT" };
      const named = request.kind === "setPerms" ? { named: model.named(request) } : {};
      const done = transaction.add({ ...request, ...named }, told);
      return {
        answer: undefined,
        seen: (answer) => {
          done.answer = answer;
        },
      };
    });
  }

  judging(told: string): Judging {
    return { caller: this.caller, told };
  }

  startTransaction(): void {
    this.send(MESSAGE.transactionStart, "\0", 0, (told) => {
      const { model } = this.world;
      if (model.refuses(this.caller, "transactions", this.transactions.length + 1)) {
        return { answer: "ENOSPC" };
      }
      if (told !== "OK") throw new Broken(`a transaction was refused with ${told}`);
      const transaction = new Transaction(model, this.caller);
      this.transactions.push(transaction);
      return {
        answer: undefined,
        seen: (answer) => {
          transaction.id = Number.parseInt(answer.slice(1), 10);
        },
      };
    });
  }

  /** To be called when nothing is under way: what comes after it depends on it. */
  endTransaction(transaction: Transaction, outcome: "T" | "F"): void {
    transaction.isEnding = true;
    const { history } = this.world;
    this.send(MESSAGE.transactionEnd, `${outcome}\0`, transaction.id ?? 0, (told, asked) => {
      this.transactions = this.transactions.filter((one) => one !== transaction);
      if (outcome === "T") {
        history.count(told === "OK" ? "commits" : `commits refused: ${told}`);
        if (asked === "anew") history.count("commits asked again");
        transaction.conclude(told, asked);
      }
      return { answer: outcome === "F" ? "OK" : told, seen: (answer) => this.#backOff(answer) };
    });
  }

  /** @param options - `token`: one that is used already; left out: a new one. */
  watch(path: string, { token: given, depth }: { token?: string; depth?: number } = {}): void {
    if (given === undefined) this.#lastToken += 1;
    const token = given ?? `w${this.#lastToken}`;
    const levels = depth === undefined ? "" : `${depth}\0`;
    this.send(MESSAGE.watch, `${path}\0${token}\0${levels}`, 0, (told) => {
      const { model } = this.world;
      const { caller, ledger } = this;
      const whole = model.path(path, caller);
      if (whole === undefined) return { answer: "EINVAL" };
      if (ledger.watches.get(token)?.path === whole) return { answer: "EEXIST" };
      const size = whole.length + token.length;
      if (model.refusesMemory(caller.domid, size, this.judging(told))) return { answer: "ENOMEM" };
      if (model.refuses(caller, "watches", ledger.size + 1)) return { answer: "ENOSPC" };
      const cut = pathKind(path) === "relative" ? whole.length - path.length : 0;
      ledger.set({ path: whole, token, cut, depth }, this.#moment());
      return { answer: "OK" };
    });
  }

  unwatch(path: string, token: string): void {
    this.send(MESSAGE.unwatch, `${path}\0${token}\0`, 0, () => ({
      answer: this.ledger.end(token) ? "OK" : "ENOENT",
    }));
  }

  resetWatches(): void {
    this.send(MESSAGE.resetWatches, "\0", 0, () => {
      this.ledger.clear();
      for (const transaction of this.transactions) transaction.isOver = true;
      this.transactions = [];
      return { answer: "OK" };
    });
  }

  /** Any request. */
  send(type: number, payload: string, txId: number, processed: Processed): void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.world.history.note(`domain ${this.caller.domid} asks ${id}, type ${type}:`, payload);
    this.#rest = encodeMessage({ type, reqId: id, txId, payload: bytesOf(payload) });
    this.#sent.push({ id, type, payload, processed });
  }

  #sendPart(): number {
    const taken = this.link.send(this.#rest);
    this.#rest = this.#rest.subarray(taken);
    return taken;
  }

  #moment(): Moment {
    const { clock, entry } = this.world;
    return { written: this.link.written, now: clock.now(), entry };
  }

  #answer(id: number, type: number, payload: string): void {
    const expected = this.#expected.shift();
    if (expected === undefined || expected.id !== id) {
      throw new Broken(`the answer to request ${id} came for ${expected?.id}`);
    }
    const text = TELLING.has(type) ? `=${payload}` : "OK";
    const answer = type === MESSAGE.error ? payload.slice(0, -1) : text;
    this.world.history.note(`domain ${this.caller.domid} reads ${id}:`, answer);
    if (expected.answer !== undefined && expected.answer !== answer) {
      throw new Broken(`request ${id} was answered ${answer}, not ${expected.answer}`);
    }
    expected.seen?.(answer);
  }

  #hear(payload: string): void {
    const [path = "", token = ""] = payload.split("\0");
    this.ledger.hear(path, token, this.#received - this.#reader.pending);
  }

  /** After a conflict it waits, each time longer: others are to get through. */
  #backOff(answer: string): void {
    if (answer !== "EAGAIN") {
      this.#conflicts = 0;
      return;
    }
    const { random, clock, history } = this.world;
    this.#conflicts += 1;
    this.#pauseUntil = clock.now() + random.below(2 ** Math.min(this.#conflicts + 3, 9));
    history.count("back-offs after a conflict");
  }
}

const errorOf = (answer: string): string => (answer.startsWith("=") ? "OK" : answer);
