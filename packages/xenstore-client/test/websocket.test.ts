import { createHost } from "@xenkit/host";
import { connect } from "@xenkit/xenstore-client";
import { websocket } from "@xenkit/xenstore-client/websocket";
import { describe, expect, test } from "vitest";
import { serveWebSocket } from "./websocket-server.ts";

const start = async () => {
  const host = await createHost();
  const server = await serveWebSocket(host.store);
  return { server, client: await connect(websocket(server.url)) };
};

describe("a WebSocket", () => {
  test("carries requests, replies and events", async () => {
    const { server, client } = await start();
    await using watch = client.watch("/a");
    await client.write("/a", "x".repeat(3000));
    expect((await watch.next()).value).toEqual({ path: "/a", missed: 0 });
    expect(await client.read("/a")).toHaveLength(3000);
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  test("that the server closes is a loss", async () => {
    const { server, client } = await start();
    const watch = client.watch("/a");
    await watch.next();
    const next = watch.next();
    await server[Symbol.asyncDispose]();
    await expect(next).rejects.toMatchObject({ code: "disconnected" });
  });

  test("that speaks text is left", async () => {
    const { server, client } = await start();
    const closed = new Promise((resolve) => client.onStatus(resolve));
    server.sayText("hello");
    expect(await closed).toMatchObject({
      status: "closed",
      error: { message: expect.stringContaining("Xenstore is bytes") },
    });
    await server[Symbol.asyncDispose]();
  });

  test("that is not there cannot be connected to", async () => {
    await expect(connect(websocket("ws://127.0.0.1:1/"))).rejects.toMatchObject({
      code: "connect-failed",
    });
  });
});
