import {
  type Client,
  type ClientOptions,
  createClient,
  platformRuntime,
} from "@xenkit/xenstore-client";
import { expect, test } from "vitest";
import { reply, scriptedPeer } from "./peer.ts";
import { rejection } from "./suite/context.ts";

test.each<[string, ClientOptions]>([
  ["maxInFlight", { maxInFlight: 0 }],
  ["maxQueued", { maxQueued: Number.NaN }],
  ["connectMs", { connectMs: -1 }],
  ["silenceMs", { silenceMs: Number.NaN }],
  ["closeMs", { closeMs: -1 }],
  ["reconnect.minMs", { reconnect: { minMs: Number.NaN } }],
  ["reconnect.maxMs", { reconnect: { maxMs: -1 } }],
  ["reconnect.maxAttempts", { reconnect: { maxAttempts: 0 } }],
])("a client is not made with a %s that makes no sense", (name, options) => {
  const { transport } = scriptedPeer((request) => reply(request));
  const make = (): Client => createClient(transport, options);
  expect(make).toThrow(expect.objectContaining({ code: "bad-argument" }));
  expect(make).toThrow(name);
});

test.each<[string, (client: Client) => unknown]>([
  ["depth", (client) => client.watch("/a", { depth: -1 })],
  ["queueMax", (client) => client.watch("/a", { queueMax: Number.NaN })],
  ["timeoutMs", (client) => client.read("/a", { timeoutMs: -1 })],
  ["timeoutMs", (client) => client.waitFor("/a", () => true, { timeoutMs: Number.NaN })],
  ["attemptsMax", (client) => client.transaction(() => {}, { attemptsMax: 0 })],
  ["nodesMax", (client) => client.tree("/a", { nodesMax: 0 })],
])("nothing is asked for with a %s that makes no sense", async (name, ask) => {
  const peer = scriptedPeer((request) => reply(request));
  const client = createClient(peer.transport);
  await client.ready();
  const refused = await rejection((async () => ask(client))());
  expect(refused).toMatchObject({ code: "bad-argument" });
  expect(String(refused)).toContain(name);
  await client.close();
  expect(peer.seen).toEqual([]);
});

test("a time-out of years is no time-out of nothing", async () => {
  const { transport } = scriptedPeer(() => undefined);
  const client = createClient(transport, { runtime: platformRuntime });
  const value = rejection(client.read("/a", { timeoutMs: 2 ** 40 }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.destroy();
  expect(await value).toMatchObject({ code: "closed" });
});
