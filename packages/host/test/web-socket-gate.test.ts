import { createServer, get } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { createHost, isHostError } from "@xenkit/host";
import { acceptWebSockets, listenWebSocket } from "@xenkit/host/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { knock, open } from "./support/web-socket-peer.ts";

const PAGE = "http://localhost:5173";
const EVIL = "http://evil.example";

let server: Awaited<ReturnType<typeof listenWebSocket>>;
beforeAll(async () => {
  server = await listenWebSocket(await createHost(), {
    origins: [PAGE],
    names: ["Dom0.example"],
  });
});
afterAll(() => server.close());

const changed = (change: (url: URL) => void): string => {
  const url = new URL(server.url);
  change(url);
  return url.href;
};

describe("the WebSocket of a host", () => {
  test("is on the loopback interface, with a token that nobody can guess", async () => {
    expect(server.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/xenstore\?token=[\w-]{43}$/);
    expect(server.url).toBe(`${server.base}${server.resource}`);
    await using other = await listenWebSocket(await createHost());
    expect(new URL(other.url).search).not.toBe(new URL(server.url).search);
  });

  test.each([
    ["no token", (url: URL) => url.searchParams.delete("token")],
    ["an empty token", (url: URL) => url.searchParams.set("token", "")],
    ["another token", (url: URL) => url.searchParams.set("token", "A".repeat(43))],
    [
      "the beginning of the token",
      (url: URL) =>
        url.searchParams.set("token", url.searchParams.get("token")?.slice(0, 42) ?? ""),
    ],
  ])("is refused to who has %s", async (_, change) => {
    expect(await knock(changed(change))).toBe(401);
  });

  test.each([
    ["another site", EVIL],
    ["another port of this machine", "http://127.0.0.1:1"],
    ["a name that begins as ours does", `${PAGE}0`],
    ["a file or a sandbox", "null"],
    ["nowhere", ""],
  ])("is refused to a page from %s, though it knows the token", async (_, origin) => {
    expect(await knock(server.url, { headers: { origin } })).toBe(403);
  });

  test.each([
    ["another's name that was made to point here", "evil.example"],
    ["a name that begins as this machine's", "localhost.evil.example"],
    ["something that is no name", "localhost@evil.example"],
    ["numbers that are no address", "127.0.0.1.evil.example:80"],
  ])("is refused to who asks for %s", async (_, host) => {
    expect(await knock(server.url, { headers: { host } })).toBe(403);
    const origin = `http://${host}`;
    expect(await knock(server.url, { headers: { host, origin } })).toBe(403);
  });

  test.each(["Host: \r\n", ""])("is refused to who asks for nobody: %j", async (host) => {
    const { port, pathname, search } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    const head = `GET ${pathname}${search} HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    socket.write(head);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  test.each([
    ["programs, which have no origin", {}],
    ["pages of the origins that it was told", { origin: PAGE }],
    ["pages that it might serve itself", { host: "127.0.0.1:80", origin: "http://127.0.0.1:80" }],
    ["who asks for localhost", { host: "localhost:4711" }],
    ["who asks for a name below localhost", { host: "xenkit.localhost" }],
    ["who asks for an address", { host: "[::1]:4711" }],
    ["who asks for a name that it was told", { host: "dom0.EXAMPLE:80" }],
  ])("opens for %s", async (_, headers) => {
    expect(await knock(server.url, { headers })).toBe("open");
  });

  test("is at /xenstore, and there only for WebSockets", async () => {
    expect(await knock(server.url.replace("/xenstore", "/other"))).toBe(404);
    const status = await new Promise((resolve) => {
      get(server.url.replace("ws:", "http:"), ({ statusCode }) => resolve(statusCode));
    });
    expect(status).toBe(426);
  });

  test("has a limit of clients", async () => {
    await using small = await listenWebSocket(await createHost(), { clientsMax: 1 });
    const first = await open(small.url);
    expect(await knock(small.url)).toBe(503);
    expect(small.clients).toBe(1);
    first.terminate();
    await expect.poll(() => small.clients).toBe(0);
    expect(await knock(small.url)).toBe("open");
  });

  test("wants a token that cannot be guessed", async () => {
    const short = await listenWebSocket(await createHost(), { token: "0".repeat(15) }).catch(
      (error: unknown) => error,
    );
    expect(isHostError(short, "bad-option")).toBe(true);
    await using own = await listenWebSocket(await createHost(), { token: "&=? ü".repeat(4) });
    expect(await knock(own.url)).toBe("open");
  });

  test("tells when its port is taken", async () => {
    const port = Number(new URL(server.url).port);
    const failed = listenWebSocket(await createHost(), { port });
    await expect(failed).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("a server that has pages of its own", () => {
  test("gets the store beside them, and keeps its other WebSockets", async () => {
    const http = createServer((_, response) => response.end("page"));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const base = `127.0.0.1:${(http.address() as AddressInfo).port}`;
    const store = await acceptWebSockets(http, await createHost());
    expect(await knock(`ws://${base}${store.resource}`, { origin: `http://${base}` })).toBe("open");
    expect(await knock(`ws://${base}${store.resource}`, { origin: EVIL })).toBe(403);
    expect(await (await fetch(`http://${base}/`)).text()).toBe("page");
    http.on("upgrade", ({ url }, socket) => {
      if (url === "/mine") socket.end("HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n");
    });
    expect(await knock(`ws://${base}/mine`)).toBe(418);
    await store.close();
    await new Promise((resolve) => http.close(resolve));
  });
});
