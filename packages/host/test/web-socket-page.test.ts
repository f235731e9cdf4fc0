import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createHost } from "@xenkit/host";
import { listenWebSocket } from "@xenkit/host/node";
import { chromiumInstalled, openInChromium } from "@xenkit/testkit/chromium";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { message } from "./support/web-socket-peer.ts";

/** What a page is: it asks each URL for dom0's name, and reports what came. */
const page = (urls: readonly string[], frames: readonly string[]): string => `<!doctype html>
${frames.map((frame) => `<iframe src="${frame}"></iframe>`).join("\n")}
<script type="module">
const ask = (url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send(new Uint8Array(${JSON.stringify([...message(MESSAGE.read, 1, "/local/domain/0/name")])}));
  socket.onmessage = ({ data }) => { resolve(new TextDecoder().decode(data.slice(16))); socket.close(); };
  socket.onerror = () => resolve("refused");
});
const answers = await Promise.all(${JSON.stringify(urls)}.map(ask));
await fetch("/report", { method: "POST", body: JSON.stringify({ from: location.origin, answers }) });
</script>`;

describe.runIf(chromiumInstalled())("a page in a browser", () => {
  test("may connect when its origin was named; no other may, whatever it knows and is called", async () => {
    const reports: { readonly from: string; readonly answers: readonly string[] }[] = [];
    let urls: string[] = [];
    let frames: string[] = [];
    const pages = createServer(async (request, response) => {
      if (request.url === "/report") reports.push(JSON.parse(await text(request)));
      response.setHeader("content-type", "text/html");
      response.end(page(urls, request.url === "/outer" ? frames : []));
    });
    pages.listen(0, "127.0.0.1");
    await once(pages, "listening");
    const { port } = pages.address() as AddressInfo;
    const origin = `http://localhost:${port}`;
    await using store = await listenWebSocket(await createHost(), { origins: [origin] });
    frames = [`http://evil.example:${port}/`, `http://rebound.example:${port}/`];
    urls = [
      store.url,
      store.url.replace("127.0.0.1", "localhost"),
      // A name of somebody else's that leads here, as when a DNS server changes its mind.
      store.url.replace("127.0.0.1", "rebound.example"),
      store.url.replace(/token=.*/, "token=guessed"),
    ];
    {
      await using _browser = openInChromium(`${origin}/outer`);
      await expect.poll(() => reports.length, { timeout: 25_000 }).toBe(3);
    }
    pages.closeAllConnections();
    pages.close();
    const refused = ["refused", "refused", "refused", "refused"];
    expect(Object.fromEntries(reports.map(({ from, answers }) => [from, answers]))).toEqual({
      [origin]: ["Domain-0", "Domain-0", "refused", "refused"],
      [`http://evil.example:${port}`]: refused,
      [`http://rebound.example:${port}`]: refused,
    });
  });
});
