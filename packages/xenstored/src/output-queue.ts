import { HEADER_SIZE, putU32, writeBinary } from "@xenkit/xenstore-wire";
import type { PendingRequest } from "./back-pressure.ts";

const FIRST_SIZE = 1024;
const COPY_UP_TO = 4096;
/** Up to here copying byte by byte costs less than making a view. */
const FEW = 128;
const NOTHING = new Uint8Array(0);

/** What is put in front of a payload. */
interface Head {
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
}

/** An event that may still be merged with an equal one. */
interface QueuedEvent {
  readonly key: string;
  /** Position behind its last byte in the whole stream. */
  readonly end: number;
  /** How many writes there are up to its end. */
  readonly writes: number;
}

/** A message of which somebody wants to know when it is written or dropped, or that is not to wait for ever. */
interface Mark {
  /** Position behind its last byte in the whole stream. */
  end: number;
  readonly size: number;
  readonly request: PendingRequest | undefined;
  /** Undefined: it waits as long as it must. */
  readonly deadline: number | undefined;
}

/** Who is told of the end of a request's messages. */
export interface OutputListener {
  add(request: PendingRequest): void;
  done(request: PendingRequest): void;
}

/** How an event is queued. */
export interface EventOptions {
  /** Whether it may be dropped when its equal waits. */
  readonly mergeable: boolean;
  /** What caused it, if that is to be told. */
  readonly request?: PendingRequest | undefined;
  /** When it is dropped unless it was begun. */
  readonly deadline?: number | undefined;
}

/**
 * The bytes that a connection has not been given yet: one buffer, so that many replies leave in one write.
 *
 * An event that equals one still waiting is merged into it. Which ones wait must not depend on how many requests came
 * in one chunk: after each request one write counts as done ({@link pace}), as if requests were answered one by one.
 * That is the pace of Xen's daemon, so pipelined requests are answered with the same messages.
 */
export class OutputQueue {
  #buffer: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** Position of the first byte of the buffer's content in the whole stream. */
  #taken = 0;
  /** Writes that the messages so far take, and those that count as done. */
  #queued = 0;
  #sent = 0;
  #events: QueuedEvent[] = [];
  readonly #writesPerMessage: number;
  #keys: Set<string> = new Set();
  /** Of messages of guests and for guests; none where only sockets talk. */
  #marks: Mark[] = [];
  readonly #listener: OutputListener;

  /**
   * @param writesPerMessage - 1 on a ring. On a socket Xen's daemon writes header and payload apart: 2.
   * @param listener - Must not change the queue.
   */
  constructor(writesPerMessage: 1 | 2, listener: OutputListener) {
    this.#writesPerMessage = writesPerMessage;
    this.#listener = listener;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The bytes that wait, as a view: valid until the next change. */
  peek(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Copies the bytes that wait, as far as `target` goes. @returns How many. */
  copyTo(target: Uint8Array): number {
    const count = Math.min(this.length, target.length);
    if (count > FEW) target.set(this.#buffer.subarray(this.#start, this.#start + count));
    else {
      const buffer = this.#buffer;
      const start = this.#start;
      for (let at = 0; at < count; at += 1) target[at] = buffer[start + at] as number;
    }
    return count;
  }

  /** Takes all bytes out. They are the caller's. */
  take(): Uint8Array {
    const waiting = this.peek();
    // Copying a few bytes costs less than making the next buffer.
    const bytes = waiting.length <= COPY_UP_TO ? waiting.slice() : waiting;
    if (bytes === waiting) this.#buffer = NOTHING;
    this.#taken += bytes.length;
    this.#start = 0;
    this.#end = 0;
    this.#sent = this.#queued;
    this.#forgetSent();
    this.#passMarks();
    return bytes;
  }

  /** Drops the first `count` bytes: they have been written. */
  consume(count: number): void {
    if (count > this.length)
      throw new RangeError(`cannot consume ${count} of ${this.length} bytes`);
    this.#start += count;
    this.#taken += count;
    this.#forgetSent();
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
    this.#passMarks();
  }

  /** How many writes the messages so far take. To be given to {@link pace}. */
  get queued(): number {
    return this.#queued;
  }

  /** A request was answered: if something waited before it, one more write counts as done. */
  pace(queuedBefore: number): void {
    if (this.#sent >= queuedBefore) return;
    this.#sent += 1;
    this.#forgetSent();
  }

  /**
   * Queues a reply.
   *
   * @param request - What it answers, if its end is to be told.
   */
  reply(head: Head, payload: Uint8Array, request?: PendingRequest): void {
    const at = this.#append(head, payload.length);
    this.#buffer.set(payload, at);
    if (request !== undefined) this.#mark(payload.length, request, undefined);
  }

  /**
   * Queues a message whose payload is two binary strings, a NUL behind each.
   *
   * @returns Whether it was queued: if not, its equal waits.
   */
  event(
    head: Head,
    path: string,
    token: string,
    { mergeable, request, deadline }: EventOptions,
  ): boolean {
    const length = path.length + token.length + 2;
    if (mergeable) {
      const key = `${path}\0${token}`;
      if (this.#keys.has(key)) return false;
      this.#keys.add(key);
      const end = this.#taken + this.length + HEADER_SIZE + length;
      this.#events.push({ key, end, writes: this.#queued + this.#writesPerMessage });
    }
    let at = this.#append(head, length);
    at = writeBinary(path, this.#buffer, at);
    this.#buffer[at] = 0;
    at = writeBinary(token, this.#buffer, at + 1);
    this.#buffer[at] = 0;
    if (request !== undefined || deadline !== undefined) this.#mark(length, request, deadline);
    return true;
  }

  /**
   * Drops the events that should have been begun before `now`.
   *
   * @returns How many, and the next deadline.
   */
  expire(now: number): { readonly dropped: number; readonly deadline: number | undefined } {
    const marks = this.#marks;
    const due = marks.some(({ deadline }) => deadline !== undefined && deadline <= now);
    const gone = due ? this.#dropExpired(now) : [];
    for (const { request } of gone) if (request !== undefined) this.#listener.done(request);
    const deadlines = this.#marks.flatMap(({ deadline }) => deadline ?? []);
    const deadline = deadlines.reduce<number | undefined>(
      (least, each) => Math.min(least ?? each, each),
      undefined,
    );
    return { dropped: gone.length, deadline };
  }

  #dropExpired(now: number): Mark[] {
    const buffer = this.#buffer;
    const base = this.#start - this.#taken;
    const kept: Mark[] = [];
    const gone: Mark[] = [];
    let from = this.#start;
    let to = this.#start;
    for (const mark of this.#marks) {
      const end = mark.end + base;
      const begin = end - mark.size;
      // One that was begun must be ended.
      if (mark.deadline === undefined || mark.deadline > now || begin < this.#start) {
        kept.push(mark);
        continue;
      }
      buffer.copyWithin(to, from, begin);
      to += begin - from;
      from = end;
      gone.push(mark);
    }
    buffer.copyWithin(to, from, this.#end);
    this.#end -= from - to;
    this.#closeGaps(kept, gone);
    this.#marks = kept;
    return gone;
  }

  /** Has what comes after dropped messages know where it is now. All lists ascend. */
  #closeGaps(kept: readonly Mark[], gone: readonly Mark[]): void {
    const mover = (): ((end: number) => number | undefined) => {
      let index = 0;
      let shift = 0;
      return (end) => {
        for (let mark = gone[index]; mark !== undefined && mark.end < end; mark = gone[index]) {
          shift += mark.size;
          index += 1;
        }
        return gone[index]?.end === end ? undefined : end - shift;
      };
    };
    const movedEvent = mover();
    const events: QueuedEvent[] = [];
    for (const event of this.#events) {
      const end = movedEvent(event.end);
      if (end === undefined) this.#keys.delete(event.key);
      else events.push({ ...event, end });
    }
    this.#events = events;
    const movedMark = mover();
    for (const mark of kept) mark.end = movedMark(mark.end) ?? mark.end;
  }

  #mark(length: number, request: PendingRequest | undefined, deadline: number | undefined): void {
    const end = this.#taken + this.length;
    this.#marks.push({ end, size: HEADER_SIZE + length, request, deadline });
    if (request !== undefined) this.#listener.add(request);
  }

  /** Tells of messages that have been written. */
  #passMarks(): void {
    const marks = this.#marks;
    if (marks.length === 0) return;
    let count = 0;
    while (count < marks.length && (marks[count] as Mark).end <= this.#taken) count += 1;
    for (const { request } of marks.splice(0, count)) {
      if (request !== undefined) this.#listener.done(request);
    }
  }

  /** The messages may still be written, but nobody waits for that any more. */
  abandon(): void {
    for (const { request } of this.#marks.splice(0)) {
      if (request !== undefined) this.#listener.done(request);
    }
  }

  /** Drops everything. */
  clear(): void {
    this.consume(this.length);
    this.#sent = this.#queued;
    this.#forgetSent();
  }

  /** Makes room for a message, writes its header, and returns where its payload goes. */
  #append({ type, reqId, txId }: Head, length: number): number {
    this.#reserve(HEADER_SIZE + length);
    const buffer = this.#buffer;
    const at = this.#end;
    this.#end = at + HEADER_SIZE + length;
    this.#queued += length === 0 ? 1 : this.#writesPerMessage;
    putU32(buffer, at, type);
    putU32(buffer, at + 4, reqId);
    putU32(buffer, at + 8, txId);
    putU32(buffer, at + 12, length);
    return at + HEADER_SIZE;
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#buffer.length) return;
    const waiting = this.peek();
    const needed = waiting.length + count;
    const size = Math.max(
      FIRST_SIZE,
      needed <= this.#buffer.length / 2 ? this.#buffer.length : needed * 2,
    );
    const buffer = new Uint8Array(size);
    buffer.set(waiting);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = waiting.length;
  }

  #forgetSent(): void {
    const events = this.#events;
    let count = 0;
    for (const { key, end, writes } of events) {
      // One that was begun still waits: nobody can have acted on it.
      if (end > this.#taken && writes > this.#sent) break;
      this.#keys.delete(key);
      count += 1;
    }
    if (count > 0) events.splice(0, count);
  }
}
