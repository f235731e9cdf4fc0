import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createHost } from "@xenkit/host";
import { listenWebSocket } from "@xenkit/host/node";
import { connect } from "@xenkit/xenstore-client";
import { websocket } from "@xenkit/xenstore-client/websocket";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { rejection } from "./suite/context.ts";

const start = async () => {
  const host = await createHost();
  const server = await listenWebSocket(host);
  return { host, server, client: await connect(websocket(server.url)) };
};

describe("a WebSocket", () => {
  test("carries more than fits into one message, both ways", async () => {
    const { host, server, client } = await start();
    await client.write("/big", "x".repeat(4000));
    const values = await Promise.all(Array.from({ length: 1000 }, () => client.read("/big")));
    expect(values.every((value) => value.length === 4000)).toBe(true);
    await client.close();
    await expect.poll(() => host.store.daemon.counts.connections).toBe(1);
    await server.close();
  });

  test("that the server closes is a loss, which says why", async () => {
    const { server, client } = await start();
    const watch = client.watch("/a");
    await watch.next();
    const next = rejection(watch.next());
    await server.close();
    expect(await next).toMatchObject({
      code: "disconnected",
      message: expect.stringContaining("closed with code 1001: the host stops"),
    });
  });

  test("that speaks text is left", async () => {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.on("connection", (socket) => socket.send("hello"));
    const client = await connect(websocket(`ws://127.0.0.1:${port}/`));
    const closed = new Promise((resolve) => client.onStatus(resolve));
    expect(await closed).toMatchObject({
      status: "closed",
      error: { message: expect.stringContaining("Xenstore is bytes") },
    });
    server.close();
  });

  test("that is not there cannot be connected to", async () => {
    await expect(connect(websocket("ws://127.0.0.1:1/"))).rejects.toMatchObject({
      code: "connect-failed",
    });
  });

  test("that is refused does not tell its token in the message", async () => {
    const { server, client } = await start();
    await client.close();
    const failed = await rejection(connect(websocket(`${server.url}x`)));
    expect(failed).toMatchObject({
      code: "connect-failed",
      details: { transport: `websocket:${server.base}/xenstore` },
      message: expect.not.stringContaining("token"),
    });
    await server.close();
  });
});
