import { once } from "node:events";
import type { Socket } from "node:net";
import { createHost } from "@xenkit/host";
import { type ListenWebSocketOptions, listenWebSocket } from "@xenkit/host/node";
import { MESSAGE } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bareCloseCode,
  closeCode,
  frame,
  knock,
  message,
  open,
  openBare,
  replies,
} from "./support/web-socket-peer.ts";

const start = async (options: ListenWebSocketOptions = {}) => {
  const host = await createHost();
  const server = await listenWebSocket(host, options);
  const { daemon } = host.store;
  return {
    host,
    server,
    daemon,
    /** The daemon has forgotten its clients, and serves others. */
    quiet: async () => {
      await expect
        .poll(() => ({ ...daemon.counts, clients: server.clients }))
        .toMatchObject({ clients: 0, connections: 1, watches: 0, transactions: 0 });
      expect(await knock(server.url)).toBe("open");
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
};

const answered = ({ counters }: Awaited<ReturnType<typeof start>>["daemon"]): number =>
  counters.requests().reduce((sum, { count }) => sum + count, 0);

/** Waits until a number stays as it is. */
const steady = async (read: () => number): Promise<number> => {
  for (let last = -1, now = read(); ; last = now, now = read()) {
    if (last === now) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe("a WebSocket to the store", () => {
  test("carries the byte stream of the protocol, cut anywhere into messages and frames", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    const requests = [
      message(MESSAGE.read, 1, "/local/domain/0/name"),
      message(MESSAGE.directory, 2, "/local"),
      message(MESSAGE.read, 3, "/nope"),
    ];
    const stream = Buffer.concat(requests);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(stream.length), { maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        async (cuts, ends) => {
          const all = replies(socket, 3);
          const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
          for (const [index, from] of edges.slice(0, -1).entries()) {
            const fin = index === edges.length - 2 || (ends[index] ?? true);
            socket.send(stream.subarray(from, edges[index + 1]), { fin, binary: true });
          }
          expect(await all).toEqual([
            { reqId: 1, payload: "Domain-0" },
            { reqId: 2, payload: "domain\0" },
            { reqId: 3, payload: "ENOENT\0" },
          ]);
        },
      ),
      { numRuns: 50 },
    );
    socket.close();
    await started.quiet();
  });

  test("has a connection of its own: its watches and transactions end with it", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    const all = replies(socket, 3);
    socket.send(message(MESSAGE.watch, 1, "/a", "token"));
    socket.send(message(MESSAGE.transactionStart, 2, ""));
    await all;
    expect(started.daemon.counts).toMatchObject({ watches: 1, transactions: 1 });
    socket.terminate();
    await started.quiet();
  });

  test("is told of what others do", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    const registered = replies(socket, 2);
    socket.send(message(MESSAGE.watch, 1, "/a", "token"));
    await registered;
    const event = replies(socket, 1);
    started.host.store.write("/a/b", "1");
    expect(await event).toEqual([{ reqId: 0, payload: "/a/b\0token\0" }]);
    socket.close();
  });
});

describe("a hostile client of a WebSocket", () => {
  test("that sends text is left", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    socket.send("READ /local");
    socket.send(message(MESSAGE.write, 1, "/written", ""));
    expect(await closeCode(socket)).toBe(1003);
    expect(started.host.store.read("/written")).toBeUndefined();
    await started.quiet();
  });

  test("that sends a request longer than the protocol allows is left", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    socket.send(Uint32Array.of(MESSAGE.read, 1, 0, 4097));
    expect(await closeCode(socket)).toBe(1002);
    await started.quiet();
  });

  test("that leaves in the middle of a request leaves nothing", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    socket.send(message(MESSAGE.write, 1, "/written", "").subarray(0, -1));
    socket.close();
    await started.quiet();
    expect(started.host.store.read("/written")).toBeUndefined();
  });

  test.each([
    ["a message of more than 128 KiB", (2 << 16) + 1, 0x82, 1009],
    ["a message of 16 EiB", 2 ** 63, 0x82, 1009],
    ["a frame of an unknown kind", 4, 0x83, 1002],
    ["a compressed frame", 4, 0xc2, 1002],
    ["the end of a message that has no beginning", 4, 0x80, 1002],
  ])("that announces %s is left", async (_, length, first, code) => {
    await using started = await start();
    const socket = await openBare(started.server.url);
    const closed = bareCloseCode(socket);
    socket.write(frame(first, length, new Uint8Array(4)));
    expect(await closed).toBe(code);
    await started.quiet();
  });

  test("that sends bare bytes, or no mask, is left", async () => {
    await using started = await start();
    for (const bytes of [message(MESSAGE.read, 1, "/local"), Buffer.from([0x82, 1, 0])]) {
      const socket = await openBare(started.server.url);
      const closed = bareCloseCode(socket);
      socket.write(bytes);
      expect(await closed).toBe(1002);
    }
    await started.quiet();
  });

  test("that never ends its message is left, before the parts cost much", async () => {
    await using started = await start();
    const socket = await open(started.server.url);
    const closed = closeCode(socket);
    for (let part = 0; part <= 1024; part += 1) socket.send("x", { fin: false, binary: true });
    expect(await closed).toBe(1008);
    await started.quiet();
  });

  test("that sends any bytes at all harms nobody", async () => {
    await using started = await start();
    const other = await open(started.server.url);
    const head = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }));
    const frameLike = fc
      .tuple(head, fc.uint8Array({ maxLength: 40 }))
      .map(([[first, second], rest]) => Buffer.from([first, second, ...rest]));
    await fc.assert(
      fc.asyncProperty(fc.array(frameLike, { maxLength: 6 }), async (chunks) => {
        const socket = await openBare(started.server.url);
        const ended = bareCloseCode(socket);
        for (const chunk of chunks) socket.write(chunk);
        socket.end();
        await ended;
        const answer = replies(other, 1);
        other.send(message(MESSAGE.directory, 1, "/local"));
        expect(await answer).toEqual([{ reqId: 1, payload: "domain\0" }]);
      }),
      { numRuns: 200 },
    );
    other.close();
    await started.quiet();
  });

  test("that stops in the middle of a frame is left when it does not answer a ping", async () => {
    await using started = await start({ pingMs: 20 });
    const socket = await openBare(started.server.url);
    socket.write(frame(0x82, 100, new Uint8Array(10)));
    await bareCloseCode(socket);
    await started.quiet();
  });

  test("that answers pings is not", async () => {
    await using started = await start({ pingMs: 20 });
    const socket = await open(started.server.url);
    for (let count = 0; count < 5; count += 1) await once(socket, "ping");
    expect(socket.readyState).toBe(socket.OPEN);
    socket.close();
    const deaf = await open(started.server.url, { autoPong: false });
    expect(await closeCode(deaf)).toBe(1006);
  });

  test("that does not read is not read either, and loses nothing when it reads again", async () => {
    // It is not pinged meanwhile: the answer would not be seen.
    await using started = await start({ pingMs: 20 });
    const { daemon, host, server } = started;
    const path = `/${"y".repeat(200)}`.repeat(12);
    host.store.write(path, "x".repeat(1500));
    const socket = await open(server.url);
    socket.pause();
    const request = message(MESSAGE.read, 1, path);
    const batch = Buffer.concat(Array.from({ length: 50 }, () => request));
    const batches = 400;
    let taken = 0;
    const flood = (async () => {
      for (; taken < batches; taken += 1) await new Promise((sent) => socket.send(batch, sent));
    })();
    await steady(() => taken + answered(daemon));
    // Of 48 MB of requests and 30 MB of replies the system holds some; the rest waits here.
    expect(taken).toBeLessThan(batches / 2);
    expect(answered(daemon)).toBeLessThan((batches / 2) * 50);
    const all = replies(socket, batches * 50);
    socket.resume();
    await flood;
    expect((await all).every(({ payload }) => payload.length === 1500)).toBe(true);
    socket.close();
    await started.quiet();
  });

  test("that does not read is noticed when it is gone", async () => {
    await using started = await start();
    started.host.store.write("/big", "x".repeat(4000));
    const socket = await open(started.server.url);
    socket.pause();
    for (let sent = 0; sent < 5000; sent += 1) socket.send(message(MESSAGE.read, 1, "/big"));
    await steady(() => answered(started.daemon));
    socket.terminate();
    await started.quiet();
  });

  test("that does not read its events is left: it costs no more than the daemon's limit", async () => {
    await using started = await start();
    const { daemon, host, server } = started;
    const socket = await open(server.url);
    const registered = replies(socket, 2);
    socket.send(message(MESSAGE.watch, 1, "/a", "t".repeat(1000)));
    await registered;
    socket.pause();
    let written = 0;
    while (daemon.counts.watches > 0 && written < 100_000) {
      for (const end = written + 100; written < end; written += 1) {
        // Equal ones would be merged.
        host.store.write(`/a/${written}`, "");
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(daemon.counts.watches).toBe(0);
    const closed = closeCode(socket);
    socket.resume();
    expect(await closed).toBe(1008);
    await started.quiet();
  });
});

describe("a host that closes its WebSocket", () => {
  test("says so to its clients, cuts those that do not answer, and takes no more", async () => {
    const { host, server } = await start();
    host.store.write("/big", "x".repeat(4000));
    const polite = await open(server.url);
    const silent: Socket = await openBare(server.url);
    silent.on("error", () => {});
    const paused = await open(server.url);
    paused.pause();
    for (let sent = 0; sent < 5000; sent += 1) paused.send(message(MESSAGE.read, 1, "/big"));
    const goodbye = closeCode(polite);
    await server.close();
    expect(await goodbye).toBe(1001);
    expect(server.clients).toBe(0);
    expect(host.store.daemon.counts.connections).toBe(1);
    await expect(knock(server.url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    silent.destroy();
    paused.terminate();
  });
});
