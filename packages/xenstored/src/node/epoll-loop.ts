import { EPOLL, type Memory, type SystemCalls } from "./system-calls.ts";

/** Something with a descriptor in the loop. */
export interface Watched {
  /** @param events - A set of `EPOLL` bits. */
  ready(events: number): void;
}

/** Something whose output is to be written when the daemon has returned. */
export interface Flushed {
  flush(): void;
}

/** Descriptors that one wake-up can tell of. */
const BATCH = 256;
/**
 * How long it stays in the kernel for the next request, in ms. Longer than a tick of the kernel's clock: a time-out that
 * comes before the tick has the clock set anew, at each wait, for more than the request costs.
 */
const LINGER_MS = 10;
/** How long Node's loop may wait for its turn while there is traffic, in ms. */
const BUSY_MS = 2;
/** After a wait in vain so many wake-ups are not followed by one: twice as many each time, up to this. */
const ABSTAIN_MOST = 1024;

const [ADD, DELETE, MODIFY] = [1, 2, 3] as const;

/** `struct epoll_event` is packed on x86-64 only. In 32-bit words: its size, and where its number stands. */
const [EVENT_WORDS, NUMBER_AT] = process.arch === "x64" ? [3, 1] : [4, 2];

/**
 * Waits for descriptors by epoll, within the thread's event loop.
 *
 * The set is itself a descriptor of Node's loop, so nothing turns while nothing comes. When something comes it is served
 * here, and the next wait is here too: a client that asks again at once is not made to wait for a turn of Node's loop,
 * which costs more than the request. Node's loop has its turn after 2 ms of requests, or when
 * none came for 10 ms; that wait is left out where it was in vain before (clients in this very thread, slow ones).
 */
export class EpollLoop {
  readonly calls: SystemCalls;
  readonly #set: number;
  readonly #poll: { readonly close: () => void };
  readonly #events: Memory;
  readonly #words: Int32Array;
  /** One event, for epoll_ctl. */
  readonly #wanted: Memory;
  readonly #wantedWords: Int32Array;
  readonly #watched: (Watched | undefined)[] = [];
  #unflushed: Flushed[] = [];
  /** Closed at the end of a turn: a number that is used again at once would get the events of the one before. */
  #released: number[] = [];
  /** Wake-ups that are not followed by a wait here, and how many they will be after the next wait in vain. */
  #abstain = 0;
  #penalty = 1;
  #handling = false;
  #scheduled = false;
  #closed = false;

  /** @throws Error of the system, with `code`. */
  constructor(calls: SystemCalls) {
    this.calls = calls;
    this.#events = calls.memory(BATCH * EVENT_WORDS * 4);
    this.#words = new Int32Array(this.#events.bytes.buffer);
    this.#wanted = calls.memory(EVENT_WORDS * 4);
    this.#wantedWords = new Int32Array(this.#wanted.bytes.buffer);
    this.#set = calls.epollCreate();
    if (this.#set < 0) throw systemError(calls, "epoll_create1");
    this.#poll = calls.whenReadable(this.#set, () => this.#schedule());
  }

  /** @throws Error of the system, with `code`. */
  add(fd: number, events: number, watched: Watched): void {
    this.#watched[fd] = watched;
    this.#control(ADD, fd, events);
  }

  modify(fd: number, events: number): void {
    this.#control(MODIFY, fd, events);
  }

  /** Takes a descriptor out, without closing it. */
  remove(fd: number): void {
    this.#watched[fd] = undefined;
    this.#control(DELETE, fd, 0);
  }

  /** Takes a descriptor out and closes it. */
  release(fd: number): void {
    this.remove(fd);
    if (this.#handling) this.#released.push(fd);
    else this.calls.close(fd);
  }

  /** Flushes `flushed` soon: with everything else that one wake-up caused. To be called once until it has been flushed. */
  flushSoon(flushed: Flushed): void {
    this.#unflushed.push(flushed);
    if (!this.#handling && this.#unflushed.length === 1) queueMicrotask(() => this.#flush());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll.close();
    this.calls.close(this.#set);
  }

  /** Node calls back outside of its own rules for callbacks: the work waits for its next phase. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#serve());
  }

  #serve(): void {
    this.#scheduled = false;
    const until = performance.now() + BUSY_MS;
    let timeout = 0;
    do {
      if (this.#closed) return;
      const { address } = this.#events;
      const count = this.calls.epollWait(this.#set, address, BATCH, timeout);
      if (timeout > 0) this.#learn(count > 0);
      if (count <= 0) return;
      this.#handle(count);
      timeout = LINGER_MS;
      if (this.#abstain > 0) {
        this.#abstain -= 1;
        return;
      }
    } while (performance.now() < until);
  }

  /** Takes note of whether a wait was worth it. */
  #learn(worth: boolean): void {
    if (worth) {
      this.#penalty = 1;
    } else {
      this.#abstain = this.#penalty;
      this.#penalty = Math.min(ABSTAIN_MOST, this.#penalty * 2);
    }
  }

  #handle(count: number): void {
    this.#handling = true;
    try {
      for (let index = 0; index < count; index += 1) {
        const at = index * EVENT_WORDS;
        const fd = this.#words[at + NUMBER_AT] as number;
        this.#watched[fd]?.ready(this.#words[at] as number);
      }
      this.#flush();
    } finally {
      this.#handling = false;
      if (this.#released.length > 0) {
        for (const fd of this.#released.splice(0)) this.calls.close(fd);
      }
    }
  }

  /** What is flushed may answer requests that waited, and cause more to flush. */
  #flush(): void {
    while (this.#unflushed.length > 0) {
      const unflushed = this.#unflushed;
      this.#unflushed = [];
      for (const flushed of unflushed) flushed.flush();
    }
  }

  #control(operation: 1 | 2 | 3, fd: number, events: number): void {
    this.#wantedWords[0] = events;
    this.#wantedWords[NUMBER_AT] = fd;
    const result = this.calls.epollControl(this.#set, operation, fd, this.#wanted.address);
    if (result < 0 && operation !== DELETE) throw systemError(this.calls, "epoll_ctl");
  }
}

/** An error of the system as Node makes them: `code` is the name of the errno. */
export const systemError = (calls: SystemCalls, call: string): NodeJS.ErrnoException => {
  const errno = calls.errno();
  const code = calls.errnoName(errno);
  return Object.assign(new Error(`${call}: ${code}`), { errno, code, syscall: call });
};

/** Whether a descriptor has nothing more to say than that it is gone. */
export const hungUp = (events: number): boolean =>
  (events & EPOLL.in) === 0 && (events & (EPOLL.hup | EPOLL.err)) !== 0;
