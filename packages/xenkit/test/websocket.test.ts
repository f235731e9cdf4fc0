import { readdirSync } from "node:fs";
import { type OutgoingHttpHeaders, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { connect } from "@xenkit/xenstore-client";
import { websocket } from "@xenkit/xenstore-client/websocket";
import { describe, expect, test } from "vitest";
import { linesOf, outcomeOf, runHere, start, startHost } from "./support/run-xenkit.ts";

const statusOf = (url: string, headers: OutgoingHttpHeaders): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers }, (response) => resolve(response.resume().statusCode))
      .once("error", reject)
      .end();
  });

describe("--websocket", () => {
  test("of up serves the store to who knows the URL of the ready line", async () => {
    await using host = await startHost(["--websocket", "0", "--log-level", "info"]);
    const url = String(host.ready["websocket"]);
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/xenstore\?token=[\w-]{43}$/);
    await using client = await connect(websocket(url));
    expect(await client.read("/local/domain/0/name")).toBe("Domain-0");
    await expect(connect(websocket(url.slice(0, -1)))).rejects.toMatchObject({
      code: "connect-failed",
    });
    const lost = new Promise((resolve) => client.onStatus(resolve));
    const { code, stderr } = await host.stop("SIGTERM");
    expect(code).toBe(0);
    expect(await lost).toMatchObject({ error: { message: expect.stringContaining("1001") } });
    // Logs are kept and passed on.
    expect(stderr).toContain('"websocket":"ws://127.0.0.1:');
    expect(stderr).not.toContain("token");
  });

  test("of xenstored does, too", async () => {
    const socket = join(scratchFolder(), "socket");
    const child = start(["xenstored", "--socket", socket, "--websocket", "localhost:0"]);
    const outcome = outcomeOf(child);
    const ready = JSON.parse((await linesOf(child)()).replace(/^ready /, ""));
    expect(ready.websocket).toMatch(/^ws:\/\/localhost:/);
    await using client = await connect(websocket(ready.websocket));
    await client.write("/a", "1");
    child.kill("SIGTERM");
    expect((await outcome).code).toBe(0);
  });

  test("lets pages of the origins in that it is told, and implies itself then", async () => {
    const origin = "http://localhost:5173";
    await using host = await startHost(["--websocket-origin", origin, "https://a.example"]);
    const url = String(host.ready["websocket"]).replace("ws:", "http:");
    // Not a whole handshake: who is let in is told what it lacks.
    const knock = (from: string): Promise<number | undefined> =>
      statusOf(url, { origin: from, connection: "Upgrade", upgrade: "websocket" });
    expect(await knock(origin)).toBe(400);
    expect(await knock("https://a.example")).toBe(400);
    expect(await knock("http://localhost:5174")).toBe(403);
  });

  test("says what it cannot do", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { readonly port: number };
    const dir = scratchFolder();
    const outcome = await runHere("up", "--dir", dir, "--websocket", `${port}`);
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^xenkit: cannot serve a WebSocket: .*EADDRINUSE/),
    });
    expect(readdirSync(dir)).toEqual([]);
    taken.close();
  });
});
