import { ok } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, encodeMessage, FrameReader, MESSAGE } from "@xenkit/xenstore-wire";
import { createStoreDaemon } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";
import fc from "fast-check";
import { countMessages } from "./count-messages.ts";
import { findOf } from "./find-of.ts";
import { stream } from "./streams.ts";
import type { Target } from "./target.ts";

/** What one target may keep: junk is written to the store, too. */
const MEMORY_UP_TO = 64 << 20;

/** How often a witness asks at the end, until the others are gone. */
const ASKED_UP_TO = 1000;

/** How long a witness waits for its answer. */
const PATIENCE_MS = 10_000;

/**
 * A daemon on a socket, with hostile clients one after the other, and a witness that asks in between. At the end
 * nothing of the clients may be left but what they wrote.
 */
export const fuzzSockets =
  (io: "epoll" | "libuv" | "auto"): Target =>
  async ({ seed, runs }) => {
    const folder = await mkdtemp(join(tmpdir(), "xenkit-fuzz-"));
    const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
    const server = await serveUnix(daemon, join(folder, "socket"), { io });
    const witness = await Witness.connect(server.path);
    const before = memory();
    let requests = 0;
    try {
      const details = await fc.check(
        fc.asyncProperty(stream, fc.boolean(), async (bytes, reads) => {
          requests += countMessages(bytes);
          const hostile = connect(server.path);
          hostile.on("error", () => {});
          if (reads) hostile.resume();
          hostile.write(bytes);
          ok(await witness.isServed(), "another client is not answered");
          hostile.destroy();
        }),
        { seed, numRuns: runs },
      );
      const found = findOf(details);
      if (found !== undefined) return { requests, find: found };
      for (let asked = 0; server.clients > 1 && asked < ASKED_UP_TO; asked += 1)
        await witness.isServed();
      const find = leftOver({ ...daemon.counts, clients: server.clients - 1 }, memory() - before);
      return { requests, find };
    } finally {
      witness.close();
      await server.close();
      await rm(folder, { recursive: true });
    }
  };

/** What a daemon counts, but for the witness. */
interface Left {
  readonly clients: number;
  readonly watches: number;
  readonly transactions: number;
}

const leftOver = ({ clients, watches, transactions }: Left, grown: number): string | undefined => {
  if (clients + watches + transactions > 0)
    return `left: ${clients} clients, ${watches} watches, ${transactions} transactions`;
  return grown > MEMORY_UP_TO ? `${grown} bytes more than before` : undefined;
};

const memory = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** A client that behaves. */
class Witness {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();

  static async connect(path: string): Promise<Witness> {
    const socket = connect(path);
    await once(socket, "connect");
    return new Witness(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** One request, and its answer: the daemon lives. */
  async isServed(): Promise<boolean> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const payload = bytesOf("0\0");
    const { getDomainPath: type } = MESSAGE;
    this.#socket.write(encodeMessage({ type, reqId: 7, txId: 0, payload }));
    while (!this.#reader.next()) {
      this.#reader.push((await once(this.#socket, "data", { signal }))[0] as Buffer);
    }
    return this.#reader.reqId === 7 && this.#reader.type === type;
  }

  close(): void {
    this.#socket.destroy();
  }
}
