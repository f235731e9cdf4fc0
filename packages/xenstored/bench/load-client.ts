import { loadC } from "@xenkit/bench";
import { bytesOf, encodeMessage, MESSAGE } from "@xenkit/xenstore-wire";

/** Opens a connection; -1 when nobody serves. */
export const openConnection = (socketPath: string): number => load.load_connect(socketPath);

export const closeConnection = (fd: number): void => {
  load.load_close(fd);
};

const load = loadC(new URL("./load.c", import.meta.url), {
  load_connect: "int load_connect(const char *path)",
  load_close: "int load_close(int fd)",
  load_rounds:
    "int load_rounds(const int *fds, int connections, const uint8_t *batch, int size, int replies, int rounds)",
  load_sequence: "int load_sequence(int fd, const uint8_t *requests, int size)",
  load_events:
    "int load_events(int watcher, int writer, const uint8_t *request, int size, int events, int rounds)",
  load_transactions:
    "int load_transactions(const int *fds, int connections, const uint8_t *requests, int size, int rounds)",
});

/** A request as bytes. */
export const request = (type: keyof typeof MESSAGE, payload: string): Uint8Array =>
  encodeMessage({ type: MESSAGE[type], reqId: 0, txId: 0, payload: bytesOf(payload) });

/** Requests one behind the other. */
export const joined = (requests: readonly Uint8Array[]): Uint8Array => Buffer.concat(requests);

/** Connections of one client that fails when a daemon says anything unexpected. */
export class LoadClient {
  readonly #name: string;
  readonly #fds: Int32Array;

  constructor(name: string, socketPath: string, count: number) {
    this.#name = name;
    this.#fds = Int32Array.from({ length: count }, () => {
      const fd = openConnection(socketPath);
      if (fd < 0) throw new Error(`cannot connect to ${name}`);
      return fd;
    });
  }

  /** On every connection `batch`, which holds so many requests; then all replies; and so on. */
  rounds(batch: Uint8Array, requests: number, rounds: number): void {
    const { length } = this.#fds;
    const errors = load.load_rounds(this.#fds, length, batch, batch.length, requests, rounds);
    this.#check(errors === 0, `requests: ${errors} errors`);
  }

  /** One request on the first connection, which brings so many messages. */
  ask(one: Uint8Array, messages: number): void {
    const errors = load.load_rounds(this.#fds, 1, one, one.length, messages, 1);
    this.#check(errors === 0, `request: ${errors} errors`);
  }

  /** Different requests, one at a time. */
  sequence(requests: Uint8Array): void {
    const errors = load.load_sequence(this.#fds[0], requests, requests.length);
    this.#check(errors === 0, `sequence: ${errors} errors`);
  }

  /** The second connection sends `one` again and again; the first hears `events` each time. */
  events(one: Uint8Array, events: number, rounds: number): void {
    const [watcher, writer] = this.#fds;
    const result = load.load_events(watcher, writer, one, one.length, events, rounds);
    this.#check(result === 0, "events");
  }

  /** Each connection makes `rounds` transactions of these requests; returns how many were begun in all. */
  transactions(requests: Uint8Array, rounds: number): number {
    const { length } = this.#fds;
    const tries = load.load_transactions(this.#fds, length, requests, requests.length, rounds);
    this.#check(tries > 0, "transactions");
    return tries;
  }

  close(): void {
    for (const fd of this.#fds) load.load_close(fd);
  }

  #check(holds: boolean, what: string): void {
    if (!holds) throw new Error(`${this.#name} answers otherwise than expected: ${what}`);
  }
}
