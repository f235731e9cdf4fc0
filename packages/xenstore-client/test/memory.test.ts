import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Client, connect } from "@xenkit/xenstore-client";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { reply, scriptedPeer } from "./peer.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const answering = async () => {
  const peer = scriptedPeer((request) =>
    reply(request, request.type === MESSAGE.transactionStart ? "7\0" : "OK\0"),
  );
  return { peer, client: await connect(peer.transport) };
};

const heapAfter = async (client: Client, requests: number): Promise<number> => {
  for (let count = 0; count < requests; count += 100) {
    await Promise.all(Array.from({ length: 100 }, () => client.write("/a", "x")));
  }
  collect();
  return process.memoryUsage().heapUsed;
};

describe("memory", () => {
  test("does not grow with the number of requests", async () => {
    const { client, peer } = await answering();
    const seen = peer.seen as unknown[];
    const before = await heapAfter(client, 5000);
    seen.length = 0;
    const after = await heapAfter(client, 100_000).finally(() => {
      seen.length = 0;
    });
    collect();
    // Less than one byte a request; the list of what the peer has seen is the peer's.
    expect(Math.min(after, process.memoryUsage().heapUsed) - before).toBeLessThan(100_000);
    client.destroy();
  });

  test("a transaction that was thrown away is taken back from the server", async () => {
    const { client, peer } = await answering();
    await (async () => {
      await client.begin();
    })();
    for (let turn = 0; turn < 50; turn += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (peer.seen.some(({ type }) => type === MESSAGE.transactionEnd)) break;
    }
    expect(peer.seen.map(({ type, txId, payload }) => ({ type, txId, payload }))).toContainEqual({
      type: MESSAGE.transactionEnd,
      txId: 7,
      payload: "F\0",
    });
    client.destroy();
  });
});
