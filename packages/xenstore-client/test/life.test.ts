import {
  type ClientOptions,
  type ClientStatus,
  connect,
  createClient,
  type Transport,
} from "@xenkit/xenstore-client";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { fakeClock } from "./clock.ts";
import { event, refusal, reply, type Script, scriptedPeer } from "./peer.ts";
import { rejection } from "./suite/context.ts";

const good: Script = (request) => reply(request, request.type === MESSAGE.read ? "value" : "OK\0");

const start = (script: Script, options: ClientOptions = {}) => {
  const clock = fakeClock();
  const peer = scriptedPeer(script);
  const client = createClient(peer.transport, { runtime: clock, ...options });
  const statuses: ClientStatus[] = [];
  client.onStatus((status) => statuses.push(status));
  return { clock, peer, client, statuses };
};

/** Cannot be opened, so many times. */
const closedDoor = (times: number, then: Transport): Transport => {
  let tried = 0;
  return {
    ...then,
    open: (peer) => {
      tried += 1;
      if (tried > times) return then.open(peer);
      queueMicrotask(() => peer.closed(new Error("nobody there")));
      return { send: () => true, close: () => {} };
    },
  };
};

describe("connecting", () => {
  test("requests wait until the client is ready", async () => {
    const { client, statuses } = start(good);
    expect(client.status).toBe("connecting");
    expect(await client.read("/a")).toBe("value");
    expect(statuses).toEqual([{ status: "ready" }]);
    client.destroy();
  });

  test("that fails closes the client, with the reason", async () => {
    const { peer } = start(good);
    const failed = rejection(connect(closedDoor(1, peer.transport)));
    expect(await failed).toMatchObject({
      code: "connect-failed",
      message: "scripted: connect-failed (it is closed: nobody there)",
      details: { transport: "scripted" },
      cause: { message: "nobody there" },
    });
  });

  test("that throws closes the client, with the reason", async () => {
    const transport: Transport = {
      name: "broken",
      open: () => {
        throw new TypeError("no such thing");
      },
    };
    await expect(connect(transport)).rejects.toMatchObject({
      code: "connect-failed",
      cause: { message: "no such thing" },
    });
  });

  test("takes no longer than connectMs", async () => {
    const clock = fakeClock();
    let closed = false;
    const close = (): void => {
      closed = true;
    };
    const transport: Transport = { name: "slow", open: () => ({ send: () => true, close }) };
    const client = createClient(transport, { runtime: clock, connectMs: 100 });
    const failed = rejection(client.read("/a"));
    await clock.pass(100);
    expect(await failed).toMatchObject({ code: "disconnected", mayHaveExecuted: false });
    expect(closed).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test("can be called off", async () => {
    const transport: Transport = {
      name: "slow",
      open: () => ({ send: () => true, close: () => {} }),
    };
    const controller = new AbortController();
    const connecting = rejection(connect(transport, { signal: controller.signal }));
    controller.abort("enough");
    expect(await connecting).toMatchObject({ code: "aborted", cause: "enough" });
    const before = connect(transport, { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ code: "aborted" });
  });

  test("is tried again after pauses that grow, with reconnect", async () => {
    const clock = fakeClock();
    const peer = scriptedPeer(good);
    const client = createClient(closedDoor(4, peer.transport), {
      runtime: clock,
      reconnect: { minMs: 10, maxMs: 30 },
    });
    const pauses: number[] = [];
    client.onStatus((status) => {
      if (status.status === "lost") pauses.push(status.retryInMs);
    });
    const value = client.read("/a");
    await clock.pass(1000);
    expect(await value).toBe("value");
    expect(pauses).toEqual([5, 10, 15, 15]);
    client.destroy();
    expect(clock.waiting).toBe(0);
  });

  test("ends after so many attempts", async () => {
    const { peer } = start(good);
    const clock = fakeClock();
    const client = createClient(closedDoor(9, peer.transport), {
      runtime: clock,
      reconnect: { maxAttempts: 3 },
    });
    const failed = rejection(client.ready());
    await clock.pass(60_000);
    expect(await failed).toMatchObject({ code: "connect-failed" });
    expect(client.status).toBe("closed");
  });
});

describe("silence", () => {
  test("while requests wait is a loss", async () => {
    const { client, clock, peer } = start(() => undefined, { silenceMs: 1000 });
    const failed = rejection(client.read("/a"));
    await clock.pass(999);
    expect(client.status).toBe("ready");
    await clock.pass(1);
    expect(await failed).toMatchObject({
      code: "disconnected",
      message: expect.stringContaining("no answer for 1000 ms"),
      mayHaveExecuted: true,
    });
    expect(peer.closed).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test("is no less one when the server talks of other things", async () => {
    const { client, clock, peer } = start(
      (request) => (request.type === MESSAGE.mkdir ? undefined : reply(request, "value")),
      { silenceMs: 1000 },
    );
    const failed = rejection(client.mkdir("/a"));
    for (let turn = 0; turn < 20; turn += 1) {
      await clock.pass(100);
      peer.say(event("/x", "nobody's"));
      if (client.status === "ready") await client.read("/b");
    }
    expect(await failed).toMatchObject({ code: "disconnected", mayHaveExecuted: true });
  });

  test("without requests is none, nor is it while the daemon is asked itself", async () => {
    const { client, clock } = start(
      (request) => (request.type === MESSAGE.control ? undefined : reply(request, "value")),
      { silenceMs: 1000 },
    );
    await client.read("/a");
    await clock.pass(100_000);
    const asked = rejection(client.control(["live-update", "-s"]));
    await clock.pass(100_000);
    expect(client.status).toBe("ready");
    client.destroy();
    expect(await asked).toMatchObject({ code: "closed", mayHaveExecuted: true });
  });

  test("of one request has a time-out of its own", async () => {
    const { client, clock } = start(() => undefined);
    const sent = rejection(client.read("/a", { timeoutMs: 50 }));
    await clock.pass(50);
    expect(await sent).toMatchObject({ code: "timeout", mayHaveExecuted: true });
    expect(client.status).toBe("ready");
    client.destroy();
  });
});

describe("reconnecting", () => {
  const RECONNECT = { reconnect: { minMs: 10 } };

  test("registers watches before it sends what waited", async () => {
    const { client, clock, peer } = start(good, RECONNECT);
    const watch = client.watch("/w");
    await watch.ready;
    peer.hangUp();
    const value = client.read("/a");
    await clock.pass(100);
    expect(await value).toBe("value");
    const kinds = peer.seen.map(({ type }) => type);
    expect(kinds).toEqual([MESSAGE.watch, MESSAGE.watch, MESSAGE.read]);
    client.destroy();
  });

  test("a watch that is refused then ends, with the server's reason", async () => {
    let refused = false;
    const { client, clock, peer } = start(
      (request) => (refused ? refusal(request, "ENOSPC") : reply(request)),
      RECONNECT,
    );
    const watch = client.watch("/w");
    await watch.ready;
    refused = true;
    peer.hangUp();
    const next = rejection(watch.next());
    await clock.pass(100);
    expect(await next).toMatchObject({ code: "ENOSPC" });
    client.destroy();
  });
});

describe("a transaction that others are always faster than", () => {
  const conflicting: Script = (request) => {
    if (request.type === MESSAGE.transactionStart) return reply(request, "7\0");
    return request.payload === "T\0" ? refusal(request, "EAGAIN") : reply(request);
  };

  test("pauses longer each time, and gives up", async () => {
    const { client, clock } = start(conflicting);
    const times: number[] = [];
    let now = 0;
    const running = rejection(client.transaction(() => times.push(now), { attemptsMax: 10 }));
    for (; now < 600; now += 1) await clock.pass(1);
    expect(await running).toMatchObject({ code: "conflict", details: { attempts: 10 } });
    // Half of 1, 2, 4 … 200 ms, as the dice fall.
    expect(times.slice(-3).map((time, index, list) => time - (list[index - 1] ?? time))).toEqual([
      0, 64, 100,
    ]);
    client.destroy();
    expect(clock.waiting).toBe(0);
  });

  test("is called off while it pauses", async () => {
    const { client, clock } = start(conflicting);
    const controller = new AbortController();
    const running = rejection(client.transaction(() => {}, { signal: controller.signal }));
    await clock.pass(20);
    controller.abort("enough");
    expect(await running).toMatchObject({ code: "aborted", cause: "enough" });
    client.destroy();
    expect(clock.waiting).toBe(0);
  });
});

describe("closing", () => {
  test("waits for answers no longer than closeMs", async () => {
    const { client, clock } = start(() => undefined, { closeMs: 500 });
    const failed = rejection(client.write("/a", "1"));
    await clock.pass(0);
    const closing = client.close();
    await clock.pass(500);
    await closing;
    expect(await failed).toMatchObject({ code: "closed", mayHaveExecuted: true });
    expect(clock.waiting).toBe(0);
  });

  test("before there is a connection fails what waits", async () => {
    const { client } = start(good);
    const failed = rejection(client.write("/a", "1"));
    await client.close();
    expect(await failed).toMatchObject({ code: "closed", mayHaveExecuted: false });
    await expect(client.ready()).rejects.toMatchObject({ code: "closed" });
  });

  test("asks to end what is open: a transaction that is just beginning, too", async () => {
    const { client, clock, peer } = start((request) =>
      request.type === MESSAGE.transactionStart ? reply(request, "7\0") : reply(request),
    );
    await clock.pass(0);
    const begun = client.begin();
    const closing = client.close();
    const tx = await begun;
    await closing;
    expect(tx.ended).toBe(true);
    expect(peer.seen.map(({ type, txId, payload }) => ({ type, txId, payload }))).toEqual([
      { type: MESSAGE.transactionStart, txId: 0, payload: "\0" },
      { type: MESSAGE.transactionEnd, txId: 7, payload: "F\0" },
    ]);
  });
});

describe("a status listener", () => {
  test("that throws stops nobody, and is heard of", async () => {
    const { client } = start(good);
    const errors: unknown[] = [];
    const note = (error: unknown): void => {
      errors.push(error);
    };
    process.on("uncaughtException", note);
    const stop = client.onStatus(() => {
      throw new RangeError("mine");
    });
    expect(await client.read("/a")).toBe("value");
    stop();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("uncaughtException", note);
    expect(errors).toEqual([new RangeError("mine")]);
    client.destroy();
  });
});
