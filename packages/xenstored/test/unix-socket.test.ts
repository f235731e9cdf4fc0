import { once } from "node:events";
import { existsSync, linkSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { encodeMessage, FrameReader, joinStrings, MESSAGE } from "@xenkit/xenstore-wire";
import { createStoreDaemon, isXenstoredError, type StoreDaemonOptions } from "@xenkit/xenstored";
import { type Engine, serveUnix } from "@xenkit/xenstored/node";
import { describe, expect, test } from "vitest";
import { scratchFolder } from "./scratch-folder.ts";

const newDaemon = (options: Partial<StoreDaemonOptions> = {}) =>
  createStoreDaemon({ domains: { getDomainInfo: () => undefined }, ...options });

const connected = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once("error", reject);
  });

const request = (type: keyof typeof MESSAGE, payload: string, reqId = 0): Uint8Array =>
  encodeMessage({ type: MESSAGE[type], reqId, txId: 0, payload: Buffer.from(payload, "latin1") });

/** Waits for `count` messages, and gives them with the number of chunks in which they came. */
const receive = async (
  socket: Socket,
  count: number,
): Promise<{ texts: string[]; chunks: number }> => {
  const reader = new FrameReader();
  const texts: string[] = [];
  let chunks = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks += 1;
    reader.push(chunk as Buffer);
    while (reader.next()) texts.push(Buffer.from(reader.payload).toString("latin1"));
    if (texts.length >= count) break;
  }
  return { texts, chunks };
};

const eventually = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 500) throw new Error("it never came true");
    await sleep(10);
  }
};

const ENGINES: readonly Engine[] = [
  "libuv",
  ...(process.platform === "linux" ? ["epoll" as const] : []),
];

describe.each(ENGINES)("a daemon on a unix socket, by %s", (io) => {
  test("answers what it is asked, in order, all replies to a chunk in one", async () => {
    using folder = scratchFolder();
    await using server = await serveUnix(newDaemon(), join(folder.path, "socket"), { io });
    const socket = await connected(server.path);
    const requests = Array.from({ length: 50 }, (_, index) =>
      request("write", `/n${index}\0x`, index),
    );
    socket.write(
      Buffer.concat([...requests, request("directory", "/\0"), request("read", "/n49\0")]),
    );
    const { texts, chunks } = await receive(socket, 52);
    expect(texts.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => "OK\0"));
    expect(texts.slice(50)).toEqual([
      joinStrings(["tool", ...requests.map((_, index) => `n${index}`)]),
      "x",
    ]);
    expect(chunks).toBe(1);
    socket.destroy();
  });

  test("is for its owner only", async () => {
    using folder = scratchFolder();
    await using server = await serveUnix(newDaemon(), join(folder.path, "socket"), { io });
    expect(statSync(server.path).mode & 0o777).toBe(0o600);
  });

  test("hangs up on a client that breaks the protocol, and on nobody else", async () => {
    using folder = scratchFolder();
    await using server = await serveUnix(newDaemon(), join(folder.path, "socket"), { io });
    const [bad, good] = [await connected(server.path), await connected(server.path)];
    const header = request("read", "");
    new DataView(header.buffer).setUint32(12, 0xffff_ffff, true);
    bad.write(header);
    bad.resume();
    await eventually(() => bad.closed);
    good.write(request("read", "/tool\0"));
    expect((await receive(good, 1)).texts).toEqual([""]);
    expect(server.clients).toBe(1);
    good.destroy();
  });

  test("forgets the watches of a client that has gone", async () => {
    using folder = scratchFolder();
    const daemon = newDaemon();
    await using server = await serveUnix(daemon, join(folder.path, "socket"), { io });
    const socket = await connected(server.path);
    socket.write(request("watch", joinStrings(["/", "t"])));
    expect((await receive(socket, 2)).texts).toEqual(["OK\0", "/\0t\0"]);
    socket.destroy();
    await eventually(() => daemon.counts.connections === 0);
  });

  test("does not read from a client that leaves its replies, and goes on when they are taken", async () => {
    using folder = scratchFolder();
    await using server = await serveUnix(newDaemon(), join(folder.path, "socket"), { io });
    const socket = await connected(server.path);
    socket.write(request("write", `/big\0${"x".repeat(4000)}`));
    await receive(socket, 1);
    socket.pause();
    const count = 4000;
    const reads = Buffer.concat(Array.from({ length: count }, () => request("read", "/big\0")));
    socket.write(reads);
    await sleep(100);
    expect((await receive(socket, count)).texts).toHaveLength(count);
    socket.destroy();
  });

  test("answers a client that says all at once and then nothing more", async () => {
    using folder = scratchFolder();
    const daemon = newDaemon();
    await using server = await serveUnix(daemon, join(folder.path, "socket"), { io });
    const socket = await connected(server.path);
    socket.end(Buffer.concat([request("write", "/a\0b"), request("read", "/a\0")]));
    expect((await receive(socket, 2)).texts).toEqual(["OK\0", "b"]);
    await eventually(() => server.clients === 0 && daemon.counts.connections === 0);
  });

  test("serves clients that come and go by the hundred", async () => {
    using folder = scratchFolder();
    const daemon = newDaemon();
    await using server = await serveUnix(daemon, join(folder.path, "socket"), { io });
    for (let round = 0; round < 5; round += 1) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => connected(server.path)));
      await Promise.all(
        sockets.map(async (socket, index) => {
          socket.write(request("write", `/${index}\0${round}`));
          socket.write(request("read", `/${index}\0`));
          expect((await receive(socket, 2)).texts).toEqual(["OK\0", `${round}`]);
          socket.destroy();
        }),
      );
      await eventually(() => server.clients === 0);
    }
    expect(daemon.counts.connections).toBe(0);
  });

  test("tells a client what another one has changed", async () => {
    using folder = scratchFolder();
    await using server = await serveUnix(newDaemon(), join(folder.path, "socket"), { io });
    const [watcher, writer] = [await connected(server.path), await connected(server.path)];
    watcher.write(request("watch", joinStrings(["/a", "t"])));
    await receive(watcher, 2);
    writer.write(
      Buffer.concat(Array.from({ length: 3 }, (_, at) => request("mkdir", `/a/${at}\0`))),
    );
    expect(await receive(watcher, 3)).toEqual({
      texts: ["/a/0\0t\0", "/a/1\0t\0", "/a/2\0t\0"],
      chunks: 1,
    });
    watcher.destroy();
    writer.destroy();
  });

  test("tells what was changed by none of its clients", async () => {
    using folder = scratchFolder();
    const daemon = newDaemon();
    await using server = await serveUnix(daemon, join(folder.path, "socket"), { io });
    const socket = await connected(server.path);
    socket.write(request("watch", joinStrings(["/a", "t"])));
    await receive(socket, 2);
    daemon.connect({ output: () => {}, closed: () => {} }).receive(request("mkdir", "/a\0"));
    expect((await receive(socket, 1)).texts).toEqual(["/a\0t\0"]);
    socket.destroy();
  });

  test("may live in a worker", async () => {
    using folder = scratchFolder();
    const path = join(folder.path, "socket");
    const worker = new Worker(new URL("./serving-worker.ts", import.meta.url), {
      workerData: { path, io },
      execArgv: ["--conditions=@xenkit/source"],
    });
    const ended = once(worker, "exit");
    await once(worker, "message");
    const socket = await connected(path);
    for (let index = 0; index < 20; index += 1) {
      socket.write(request("write", `/a\0${index}`));
      socket.write(request("read", "/a\0"));
      expect((await receive(socket, 2)).texts).toEqual(["OK\0", `${index}`]);
    }
    worker.postMessage("stop");
    // It is nothing but the server that keeps a thread going.
    expect(await ended).toEqual([0]);
    expect(existsSync(path)).toBe(false);
    socket.destroy();
  });

  test("closes a client that leaves too many events unread", async () => {
    using folder = scratchFolder();
    const daemon = newDaemon({ eventsUpTo: 100_000 });
    await using server = await serveUnix(daemon, join(folder.path, "socket"), { io });
    const [lazy, busy] = [await connected(server.path), await connected(server.path)];
    lazy.write(request("watch", joinStrings(["/", "t"])));
    await receive(lazy, 2);
    lazy.pause();
    busy.resume();
    for (let index = 0; daemon.counts.connections === 2; index += 1) {
      if (index > 200) throw new Error("it was never closed");
      const writes = Array.from({ length: 500 }, (_, at) => request("write", `/${index}-${at}\0`));
      busy.write(Buffer.concat(writes));
      await sleep(5);
    }
    expect(server.clients).toBe(2);
    busy.destroy();
    lazy.destroy();
  });
});

test("whoever asks for no engine gets the faster one", async () => {
  using folder = scratchFolder();
  await using server = await serveUnix(newDaemon(), join(folder.path, "socket"));
  expect(server.io).toBe(ENGINES.at(-1));
});

describe.each(ENGINES)("a socket's path, by %s", (io) => {
  test("is free again after a close, which hangs up", async () => {
    using folder = scratchFolder();
    const path = join(folder.path, "socket");
    const server = await serveUnix(newDaemon(), path, { io });
    const socket = await connected(path);
    await server.close();
    await eventually(() => socket.closed || socket.readableEnded);
    expect(existsSync(path)).toBe(false);
    const again = await serveUnix(newDaemon(), path, { io });
    await again.close();
  });

  test("that a daemon serves is refused, and the daemon left alone", async () => {
    using folder = scratchFolder();
    await using server = await serveUnix(newDaemon(), join(folder.path, "socket"), { io });
    const error = await serveUnix(newDaemon(), server.path, { io }).catch(
      (reason: unknown) => reason,
    );
    expect(isXenstoredError(error, "in-use") && error.details).toEqual({ path: server.path });
    const socket = await connected(server.path);
    socket.write(request("read", "/\0"));
    expect((await receive(socket, 1)).texts).toEqual([""]);
    socket.destroy();
  });

  test("that a daemon left behind is taken over", async () => {
    using folder = scratchFolder();
    const path = join(folder.path, "socket");
    await leaveStaleSocket(path);
    await using server = await serveUnix(newDaemon(), path, { io });
    const socket = await connected(server.path);
    socket.destroy();
  });

  test("of a file that is no socket is refused, and the file left alone", async () => {
    using folder = scratchFolder();
    const path = join(folder.path, "file");
    writeFileSync(path, "precious");
    await expect(serveUnix(newDaemon(), path, { io })).rejects.toMatchObject({
      code: "not-a-socket",
    });
    expect(statSync(path).size).toBe(8);
  });

  test.each([
    { path: `/${"x".repeat(120)}`, code: "path-too-long" },
    { path: "/no/such/folder/socket", code: "cannot-listen" },
  ])("that cannot be is refused as $code", async ({ path, code }) => {
    await expect(serveUnix(newDaemon(), path, { io })).rejects.toMatchObject({ code });
  });
});

/** Node removes a socket that it closes: a second name for it stays, and nobody listens there. */
const leaveStaleSocket = async (path: string): Promise<void> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.first`, resolve));
  linkSync(`${path}.first`, path);
  await new Promise<void>((resolve) => server.close(() => resolve()));
};
