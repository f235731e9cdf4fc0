import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createHost } from "@xenkit/host";
import { acceptWebSockets } from "@xenkit/host/node";
import { chromiumInstalled, openInChromium } from "@xenkit/testkit/chromium";
import { describe, expect, test } from "vitest";

const PACKAGES = new URL("../..", import.meta.url);
const IMPORTS = {
  "@xenkit/xenstore-client": "/xenstore-client/src/index.ts",
  "@xenkit/xenstore-client/websocket": "/xenstore-client/src/websocket.ts",
  "@xenkit/xenstore-wire": "/xenstore-wire/src/index.ts",
};

const page = (resource: string): string => `<!doctype html>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
import { connect } from "@xenkit/xenstore-client";
import { websocket } from "@xenkit/xenstore-client/websocket";
const report = (said) => fetch("/report", { method: "POST", body: JSON.stringify(said) });
try {
  const client = await connect(websocket("ws://" + location.host + ${JSON.stringify(resource)}));
  const watch = client.watch("/page");
  await watch.next();
  await client.transaction(async (tx) => {
    const name = await tx.read("/local/domain/1/name");
    await tx.write("/page/greeting", "hello, " + name + " – from a page");
  });
  const { path } = (await watch.next()).value;
  const tree = await client.tree("/local/domain");
  await report({ path, domains: tree.children.map(({ name }) => name), status: client.status });
  await client.close();
} catch (error) {
  await report(String(error?.stack ?? error));
}
</script>`;

describe.runIf(chromiumInstalled())("a page in a browser", () => {
  test("has a client of its own host's store, by a WebSocket of the server that it comes from", async () => {
    const host = await createHost({ domains: 2 });
    const reports: unknown[] = [];
    const server = createServer(async (request, response) => {
      const { url = "" } = request;
      if (url === "/report") reports.push(JSON.parse(await text(request)));
      if (url.endsWith(".ts")) {
        // Nothing is bundled: these are the sources, without their types.
        const source = await readFile(new URL(url.slice(1), PACKAGES), "utf8");
        response.setHeader("content-type", "text/javascript");
        response.end(stripTypeScriptTypes(source));
        return;
      }
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(page(store.resource));
    });
    await using store = await acceptWebSockets(server, host);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    {
      await using _browser = openInChromium(`http://localhost:${port}/`);
      await expect.poll(() => reports.length, { timeout: 25_000 }).toBe(1);
    }
    expect(reports).toEqual([
      { path: "/page/greeting", domains: ["0", "1", "2"], status: "ready" },
    ]);
    expect(host.store.read("/page/greeting")).toBe("hello, guest-1 – from a page");
    server.closeAllConnections();
    server.close();
  });
});
