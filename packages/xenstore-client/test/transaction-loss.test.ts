import { type ClientOptions, createClient, type Transaction } from "@xenkit/xenstore-client";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { fakeClock } from "./clock.ts";
import { refusal, reply, type Script, type ScriptedPeer, scriptedPeer } from "./peer.ts";
import { rejection } from "./suite/context.ts";

const RECONNECT: ClientOptions = { reconnect: { minMs: 10 } };

const good: Script = (request) =>
  reply(request, request.type === MESSAGE.transactionStart ? "7\0" : "OK\0");

/** Hangs up instead of answering, the first time that it is asked for this. */
const hangingUpAt = (type: number): Script => {
  let done = false;
  return (request, peer) => {
    if (done || request.type !== type) return good(request, peer);
    done = true;
    peer.hangUp();
    return undefined;
  };
};

const start = (script: Script, options: ClientOptions = RECONNECT) => {
  const clock = fakeClock();
  const peer = scriptedPeer(script);
  const client = createClient(peer.transport, { runtime: clock, ...options });
  const bodies: Transaction[] = [];
  /** A transaction that writes once, and counts how often its body runs. */
  const run = (after: (tx: Transaction) => unknown = () => {}) =>
    client.transaction(async (tx) => {
      bodies.push(tx);
      await tx.write("/a", "1");
      await after(tx);
      return bodies.length;
    });
  return { clock, peer, client, bodies, run };
};

const commits = (peer: ScriptedPeer): number =>
  peer.seen.filter(({ type, payload }) => type === MESSAGE.transactionEnd && payload === "T\0")
    .length;

describe("transaction(), when its connection is lost", () => {
  test.each([
    ["while it begins", MESSAGE.transactionStart, 1],
    ["in its body", MESSAGE.write, 2],
  ])("%s, runs again on the next one", async (_, type, runs) => {
    const { clock, peer, client, run } = start(hangingUpAt(type));
    const running = run();
    await clock.pass(100);
    expect(await running).toBe(runs);
    expect(commits(peer)).toBe(1);
    client.destroy();
    expect(clock.waiting).toBe(0);
  });

  test("after the last request of its body, runs again: nothing was committed", async () => {
    const { clock, peer, client, run } = start(good);
    const running = run(() => {
      if (peer.opened === 1) peer.hangUp();
    });
    await clock.pass(100);
    expect(await running).toBe(2);
    expect(commits(peer)).toBe(1);
    client.destroy();
  });

  test("before the commit was sent, runs again", async () => {
    const silent: Script = (request, peer) =>
      request.type === MESSAGE.read ? undefined : good(request, peer);
    const { clock, peer, client, run } = start(silent, { ...RECONNECT, maxInFlight: 1 });
    // A request without an answer keeps the commit waiting.
    const running = run(() => peer.opened === 1 && void rejection(client.read("/b")));
    await clock.pass(0);
    expect(client.load).toEqual({ inFlight: 1, queued: 1 });
    peer.hangUp();
    await clock.pass(100);
    expect(await running).toBe(2);
    expect(commits(peer)).toBe(1);
    client.destroy();
  });

  test("while it is committed, fails: it may have been done", async () => {
    const { clock, client, bodies, run } = start(hangingUpAt(MESSAGE.transactionEnd));
    const running = rejection(run());
    await clock.pass(100);
    expect(await running).toMatchObject({
      code: "disconnected",
      mayHaveExecuted: true,
      details: { request: "TRANSACTION_END" },
    });
    expect(bodies).toHaveLength(1);
    client.destroy();
  });

  test("after its body has ended it, does not run again", async () => {
    const { clock, peer, client, bodies, run } = start(good);
    const running = rejection(
      run(async (tx) => {
        await tx.commit();
        peer.hangUp();
        await tx.read("/a");
      }),
    );
    await clock.pass(100);
    expect(await running).toMatchObject({ code: "transaction-ended" });
    expect(bodies).toHaveLength(1);
    client.destroy();
  });

  test("and its body fails of something else, fails with that", async () => {
    const { clock, peer, client, run } = start(good);
    const running = run(() => {
      peer.hangUp();
      throw new RangeError("mine");
    });
    await expect(running).rejects.toThrow("mine");
    await clock.pass(100);
    client.destroy();
  });

  test("each time, fails after attemptsMax, and was not done", async () => {
    const { clock, client } = start((request, peer) => {
      if (request.type === MESSAGE.write) peer.hangUp();
      return good(request, peer);
    });
    let runs = 0;
    const running = rejection(
      client.transaction(
        (tx) => {
          runs += 1;
          return tx.write("/a", "1");
        },
        { attemptsMax: 3 },
      ),
    );
    await clock.pass(1000);
    expect(await running).toMatchObject({ code: "disconnected", mayHaveExecuted: false });
    expect(runs).toBe(3);
    client.destroy();
  });

  test("for ever, fails when the attempts to reconnect are used up", async () => {
    const { clock, peer, client, bodies, run } = start(good, {
      reconnect: { maxAttempts: 1 },
    });
    const running = rejection(run(() => peer.hangUp()));
    await clock.pass(1000);
    expect(await running).toMatchObject({ code: "disconnected", mayHaveExecuted: false });
    expect(bodies).toHaveLength(1);
    expect(client.status).toBe("closed");
  });

  test("without reconnect, fails and was not done, even when its body saw nothing of it", async () => {
    const { clock, peer, bodies, run } = start(good, {});
    const running = rejection(run(() => peer.hangUp()));
    await clock.pass(100);
    expect(await running).toMatchObject({ code: "disconnected", mayHaveExecuted: false });
    expect(bodies).toHaveLength(1);
  });

  test("is called off by its signal while it waits for the next one", async () => {
    const { clock, peer, client } = start(good);
    const controller = new AbortController();
    const running = rejection(
      client.transaction(() => peer.hangUp(), { signal: controller.signal }),
    );
    await clock.pass(1);
    controller.abort("enough");
    expect(await running).toMatchObject({ code: "aborted", cause: "enough" });
    client.destroy();
    expect(clock.waiting).toBe(0);
  });
});

describe("transaction(), when another ends it", () => {
  test("by closing the client, fails with closed: it was not done", async () => {
    const { peer, client, run } = start(good);
    let closing = Promise.resolve();
    const running = rejection(
      run(() => {
        closing = client.close();
      }),
    );
    expect(await running).toMatchObject({ code: "closed", mayHaveExecuted: false });
    await closing;
    expect(commits(peer)).toBe(0);
  });

  test("by resetting the connection, fails with transaction-ended", async () => {
    const { peer, client, run } = start((request, peer) =>
      request.payload === "T\0" ? refusal(request, "ENOENT") : good(request, peer),
    );
    const running = rejection(run(() => client.resetWatches()));
    expect(await running).toMatchObject({ code: "transaction-ended" });
    expect(commits(peer)).toBe(0);
    client.destroy();
  });
});
