import type { ConnectionSink, StoreConnection } from "../store-connection.ts";
import type { StoreDaemon } from "../store-daemon.ts";
import { type EpollLoop, type Flushed, hungUp, type Watched } from "./epoll-loop.ts";
import { EPOLL, ERRNO, type Memory } from "./system-calls.ts";

/** One read takes so much, in bytes; one write too. */
const CHUNK = 64 << 10;

/** What all clients of a server read into and write from. */
export interface Buffers {
  input: Memory;
  readonly output: Memory;
}

export const newBuffers = ({ calls }: EpollLoop): Buffers => ({
  input: calls.memory(CHUNK),
  output: calls.memory(CHUNK),
});

/** What a client is made of. */
export interface EpollClientOptions {
  readonly daemon: StoreDaemon;
  readonly loop: EpollLoop;
  readonly buffers: Buffers;
  /** An accepted socket: the client's from now on. */
  readonly fd: number;
  readonly gone: (client: EpollClient) => void;
}

/**
 * One client: a wake-up is one read, and one write of all replies and events that it caused.
 *
 * A client that does not read is not read either once its replies wait; its events wait up to the daemon's limit,
 * then it is closed.
 */
export class EpollClient implements Watched, Flushed, ConnectionSink {
  readonly #loop: EpollLoop;
  readonly #buffers: Buffers;
  readonly #fd: number;
  readonly #gone: (client: EpollClient) => void;
  readonly #connection: StoreConnection;
  #interest: number = EPOLL.in;
  #waiting = false;
  /** There are requests that wait for their replies' room. */
  #held = false;
  /** The client says nothing more, but may still listen. */
  #ended = false;
  #dropped = false;

  constructor({ daemon, loop, buffers, fd, gone }: EpollClientOptions) {
    this.#loop = loop;
    this.#buffers = buffers;
    this.#fd = fd;
    this.#gone = gone;
    this.#connection = daemon.connect(this);
    loop.add(fd, this.#interest, this);
  }

  ready(events: number): void {
    if (hungUp(events)) this.drop();
    else if ((events & EPOLL.out) !== 0) this.flush();
    if ((events & this.#interest & EPOLL.in) !== 0) this.#read();
    // It has gone, and what it said last is not wanted: without this it would wake us for ever.
    else if ((events & EPOLL.hup) !== 0) this.drop();
  }

  output(): void {
    if (this.#waiting || (this.#interest & EPOLL.out) !== 0) return;
    this.#waiting = true;
    this.#loop.flushSoon(this);
  }

  closed(): void {
    this.output();
  }

  flush(): void {
    this.#waiting = false;
    if (this.#dropped) return;
    const connection = this.#connection;
    const sent = this.#send();
    if (this.#dropped) return;
    const done = this.#ended || connection.closed;
    if (done && sent && !connection.paused) {
      this.drop();
      return;
    }
    const interest = (done || connection.paused ? 0 : EPOLL.in) | (sent ? 0 : EPOLL.out);
    if (interest === this.#interest) return;
    this.#interest = interest;
    this.#loop.modify(this.#fd, interest);
  }

  /** Hangs up. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#connection.close();
    this.#loop.release(this.#fd);
    this.#gone(this);
  }

  #read(): void {
    if (this.#dropped) return;
    const { calls } = this.#loop;
    const { input } = this.#buffers;
    const count = calls.read(this.#fd, input.address, CHUNK);
    if (count > 0) {
      this.#connection.receive(input.bytes.subarray(0, count));
      if (!this.#connection.paused) return;
      // The bytes that it has not looked at are its own from now on.
      this.#buffers.input = calls.memory(CHUNK);
      this.#held = true;
    } else if (count === 0) {
      this.#ended = true;
      this.output();
    } else if (!this.#isPassing(calls.errno())) {
      this.drop();
    }
  }

  /** Writes what waits, and answers requests that waited for it. @returns Whether all is written. */
  #send(): boolean {
    const { output } = this.#connection;
    const { calls } = this.#loop;
    const memory = this.#buffers.output;
    while (output.length > 0) {
      const size = output.copyTo(memory.bytes);
      const count = calls.send(this.#fd, memory.address, size);
      if (count < 0) {
        if (!this.#isPassing(calls.errno())) this.drop();
        return false;
      }
      output.consume(count);
      if (this.#held && !this.#connection.paused) {
        this.#connection.resume();
        this.#held = this.#connection.paused;
      }
      if (count < size) return false;
    }
    return true;
  }

  #isPassing(errno: number): boolean {
    return errno === ERRNO.EAGAIN || errno === ERRNO.EINTR;
  }
}
