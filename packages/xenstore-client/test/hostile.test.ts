import { type Client, connect } from "@xenkit/xenstore-client";
import { MESSAGE } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytes, event, refusal, reply, type Script, scriptedPeer } from "./peer.ts";
import { rejection } from "./suite/context.ts";

const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

const unhandled: unknown[] = [];
const note = (error: unknown): void => {
  unhandled.push(error);
};

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

const start = async (script: Script) => {
  const peer = scriptedPeer(script);
  return { peer, client: await connect(peer.transport) };
};

const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (error: { code: string }) => error.code,
  );

describe("a server that breaks the protocol", () => {
  test.each([
    ["a header that announces 4 GiB", u32(2, 1, 0, 0xffff_ffff), "4294967295 bytes"],
    ["a header that announces more than any reply has", u32(2, 1, 0, 1 << 20), "1048576 bytes"],
    ["an event without a token", join(u32(15, 0, 0, 3), bytes("/a\0")), "an event"],
    ["an empty event", u32(15, 0, 0, 0), "an event"],
  ])("is left: %s", async (_, said, where) => {
    const { peer, client } = await start(() => undefined);
    const waiting = rejection(client.read("/a"));
    await client.drained();
    await Promise.resolve();
    peer.say(said);
    expect(await waiting).toMatchObject({
      code: "disconnected",
      mayHaveExecuted: true,
      cause: { code: "protocol", message: expect.stringContaining(where) },
    });
    expect(peer.closed).toBe(true);
    expect(client.status).toBe("closed");
    expect(await rejection(client.read("/a"))).toMatchObject({ mayHaveExecuted: false });
  });

  test("is left when it answers with another type", async () => {
    const { peer, client } = await start((request) => reply(request, "OK\0", MESSAGE.write));
    expect(await rejection(client.read("/a"))).toMatchObject({
      code: "disconnected",
      cause: { code: "protocol", details: { where: "a reply of type WRITE to READ /a" } },
    });
    expect(peer.closed).toBe(true);
  });

  test.each([
    ["a list without an end", (client: Client) => client.list("/a"), "a"],
    ["a list with an empty name", (client: Client) => client.list("/a"), "a\0\0b\0"],
    ["a list that leads elsewhere", (client: Client) => client.list("/a"), "a\0b/../c\0"],
    ["permissions of no kind", (client: Client) => client.getPerms("/a"), "x1\0"],
    ["no permissions", (client: Client) => client.getPerms("/a"), ""],
    ["a number that is none", (client: Client) => client.quota("nodes"), "-1\0"],
    ["a number past 32 bits", (client: Client) => client.features(), "4294967296\0"],
    ["an answer between yes and no", (client: Client) => client.isIntroduced(1), "X\0"],
  ])("makes its request fail, no other: %s", async (_, ask, said) => {
    const { client } = await start((request) =>
      reply(request, request.type === MESSAGE.read ? "fine" : said),
    );
    const [failed, other] = await Promise.allSettled([ask(client), client.read("/b")]);
    expect(failed).toMatchObject({ reason: { code: "protocol" } });
    expect(other).toMatchObject({ value: "fine" });
    client.destroy();
  });

  test.each(["0\0", "", "x\0", "-1\0", "99999999999\0"])(
    "is left when it begins a transaction %j: nobody could end it",
    async (said) => {
      const { peer, client } = await start((request) => reply(request, said));
      await expect(client.begin()).rejects.toMatchObject({ code: "protocol" });
      expect(peer.closed).toBe(true);
      expect(client.status).toBe("closed");
    },
  );

  test.each([
    ["", "?"],
    ["\0", "?"],
    ["E", "E"],
    ["EQUOTA\0", "EQUOTA"],
    ["ENOENT\0junk", "ENOENT"],
    [`${"E".repeat(100)}\0`, "?"],
    ["\u0007\u0007\0", "?"],
    ["__proto__\0", "__proto__"],
  ])("may send any error name: %j", async (payload, name) => {
    const { client } = await start((request) => reply(request, payload, MESSAGE.error));
    expect(await rejection(client.read("/a"))).toMatchObject({
      code: name === "ENOENT" ? "ENOENT" : "other",
      details: { name },
      message: `READ /a: ${name}`,
    });
    client.destroy();
  });
});

describe("what nobody asked for", () => {
  test("is dropped: replies, errors, events of watches that are not", async () => {
    const { peer, client } = await start((request) => reply(request, "fine"));
    peer.say(
      reply({ type: MESSAGE.read, reqId: 4711, txId: 0, payload: "" }, "x"),
      reply({ type: MESSAGE.read, reqId: 0, txId: 0, payload: "" }, "x"),
      refusal({ type: MESSAGE.read, reqId: 99, txId: 7, payload: "" }, "ENOENT"),
      reply({ type: 0xffff_ffff, reqId: 5, txId: 1, payload: "" }, ""),
      event("/a", "nobody's"),
      event("", ""),
    );
    expect(await client.read("/a")).toBe("fine");
    client.destroy();
  });

  test("a second reply to one request is dropped", async () => {
    const { client } = await start((request) => {
      const one = reply(request, "first");
      return join(one, reply(request, "second"));
    });
    expect(await Promise.all([client.read("/a"), client.read("/b")])).toEqual(["first", "first"]);
    client.destroy();
  });

  test("events of a watch that was taken back are dropped", async () => {
    let token = "";
    const { peer, client } = await start((request) => {
      if (request.type === MESSAGE.watch) token = request.payload.split("\0")[1] ?? "";
      return reply(request);
    });
    const watch = client.watch("/a");
    await watch.ready;
    await watch.close();
    peer.say(event("/a", token));
    expect(await watch.next()).toEqual({ value: undefined, done: true });
    client.destroy();
  });

  test("replies may come in any order", async () => {
    const held: Uint8Array[] = [];
    const { peer, client } = await start((request) => {
      held.unshift(reply(request, request.payload));
      return undefined;
    });
    const all = Promise.all(["/a", "/b", "/c"].map((path) => client.read(path)));
    await client.drained();
    await Promise.resolve();
    peer.say(...held);
    expect(await all).toEqual(["/a\0", "/b\0", "/c\0"]);
    client.destroy();
  });

  test("WATCH and UNWATCH may be answered with req_id 0, as the kernel does", async () => {
    const { client } = await start((request) => reply({ ...request, reqId: 0 }));
    const watch = client.watch("/a");
    await watch.ready;
    await watch.close();
    expect(client.load.inFlight).toBe(0);
    client.destroy();
  });

  test("UNWATCH may be refused", async () => {
    const { client } = await start((request) =>
      request.type === MESSAGE.unwatch ? refusal(request, "ENOENT") : reply(request),
    );
    const watch = client.watch("/a");
    await watch.close();
    expect(watch.closed).toBe(true);
    client.destroy();
  });
});

describe("a list in parts", () => {
  const parts = (answers: readonly string[]) => {
    let next = 0;
    return start((request) => {
      if (request.type === MESSAGE.directory) return refusal(request, "E2BIG");
      const answer = answers[Math.min(next, answers.length - 1)] ?? "";
      next += 1;
      return answer.startsWith("!") ? refusal(request, answer.slice(1)) : reply(request, answer);
    });
  };

  test.each([
    { answers: ["7\0a\0b\0", "7\0c\0\0"], list: ["a", "b", "c"], why: "two parts" },
    { answers: ["7\0a\0", "7\0\0"], list: ["a"], why: "the end comes alone" },
    { answers: ["7\0\0"], list: [], why: "it has become empty" },
    { answers: ["7\0a\0", "8\0b\0", "8\0x\0", "8\0y\0\0"], list: ["x", "y"], why: "it changed" },
    { answers: ["7\0ab", "7\0c\0\0"], list: ["abc"], why: "a part may end within a name" },
  ])("is put together: $why", async ({ answers, list }) => {
    const { client, peer } = await parts(answers);
    expect(await client.list("/a")).toEqual(list);
    expect(peer.seen.filter(({ type }) => type === MESSAGE.directoryPart)).toHaveLength(
      answers.length,
    );
    client.destroy();
  });

  test.each([
    { answers: ["!ENOSYS"], code: "E2BIG", why: "the server knows no parts" },
    { answers: ["!ENOENT"], code: "ENOENT", why: "it has gone" },
    { answers: ["7\0"], code: "protocol", why: "an empty part that is not the last" },
    { answers: ["7"], code: "protocol", why: "no generation" },
    { answers: ["7\0a\0b/c\0\0"], code: "protocol", why: "a name that is none" },
    { answers: [`7\0${"a\0".repeat(2000)}`], code: "too-long", why: "it never ends" },
  ])("fails with $code: $why", async ({ answers, code }) => {
    const { client } = await parts(answers);
    expect(await outcome(client.list("/a"))).toBe(code);
    client.destroy();
  });

  test("is given up when it changes every time", async () => {
    let generation = 0;
    const { client } = await start((request) => {
      if (request.type === MESSAGE.directory) return refusal(request, "E2BIG");
      generation += 1;
      return reply(request, `${generation}\0a\0`);
    });
    expect(await rejection(client.list("/a"))).toMatchObject({
      code: "conflict",
      details: { attempts: 100 },
    });
    client.destroy();
  });
});

describe("a store without an end", () => {
  /** Every node has a value and children. */
  const endless = () =>
    start((request) => reply(request, request.type === MESSAGE.directory ? "a\0b\0" : "value"));

  test("is given up by tree(), with as many nodes as it was told", async () => {
    const { client, peer } = await endless();
    expect(await rejection(client.tree("/", { nodesMax: 1000 }))).toMatchObject({
      code: "too-long",
      details: { what: "the tree of /", limit: 1000 },
    });
    await client.close();
    expect(peer.seen.length).toBeLessThan(2 * 1000);
  });

  test("is walked as far as the reader goes, until too many nodes wait", async () => {
    const { client } = await endless();
    let steps = 0;
    const walk = async (): Promise<void> => {
      for await (const { path } of client.walk("/", { nodesMax: 1000 })) {
        expect(path).toBe(steps === 0 ? "/" : "/a".repeat(steps));
        steps += 1;
      }
    };
    expect(await rejection(walk())).toMatchObject({ code: "too-long", details: { length: 1001 } });
    expect(steps).toBe(999);
    client.destroy();
  });
});

describe("a flood of events", () => {
  const watching = async (options: {
    queueMax: number;
    overflow: "merge" | "drop-oldest" | "error";
  }) => {
    let token = "";
    const { peer, client } = await start((request) => {
      if (request.type === MESSAGE.watch) token = request.payload.split("\0")[1] ?? "";
      return reply(request);
    });
    const watch = client.watch("/a", options);
    await watch.ready;
    const flood = (count: number): void => {
      for (let index = 0; index < count; index += 1) peer.say(event(`/a/${index}`, token));
    };
    return { client, watch, flood, peer };
  };

  test("becomes one event that tells how many were missed", async () => {
    const { client, watch, flood } = await watching({ queueMax: 10, overflow: "merge" });
    flood(11);
    expect((await watch.next()).value).toEqual({ path: "/a", missed: 11 });
    client.destroy();
  });

  test("drops the oldest, and tells how many", async () => {
    const { client, watch, flood } = await watching({ queueMax: 3, overflow: "drop-oldest" });
    flood(10);
    expect((await watch.next()).value).toEqual({ path: "/a/7", missed: 7 });
    expect((await watch.next()).value).toEqual({ path: "/a/8", missed: 0 });
    client.destroy();
  });

  test("ends the watch, after what was queued", async () => {
    const { client, watch, flood, peer } = await watching({ queueMax: 2, overflow: "error" });
    flood(5);
    expect((await watch.next()).value).toMatchObject({ path: "/a/0" });
    expect((await watch.next()).value).toMatchObject({ path: "/a/1" });
    await expect(watch.next()).rejects.toMatchObject({
      code: "queue-overflow",
      details: { path: "/a", limit: 2 },
    });
    await client.drained();
    expect(peer.seen.map(({ type }) => type)).toContain(MESSAGE.unwatch);
    client.destroy();
  });
});

describe("any bytes at all", () => {
  test("cut anywhere, an exchange is the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 10 }), async (cuts) => {
        const held: Uint8Array[] = [];
        const { peer, client } = await start((request) => {
          held.push(reply(request, `value of ${request.payload}`));
          return undefined;
        });
        const all = Promise.all([client.read("/a"), client.read("/b"), client.read("/c")]);
        await client.drained();
        await Promise.resolve();
        const stream = join(...held);
        let at = 0;
        for (const cut of cuts) {
          peer.say(stream.slice(at, at + cut));
          at = Math.min(stream.length, at + cut);
        }
        peer.say(stream.slice(at));
        expect(await all).toEqual(["value of /a\0", "value of /b\0", "value of /c\0"]);
        client.destroy();
      }),
      { numRuns: 60 },
    );
  });

  test("garbage settles every request, at the latest when the server hangs up", async () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(
          fc.constantFrom(0, 1, 2, 4, 6, 15, 16, 99),
          fc.nat(6),
          fc.nat(3),
          fc.uint8Array({ maxLength: 20 }),
        )
        .map(([type, reqId, txId, payload]) =>
          join(u32(type, reqId, txId, payload.length), payload),
        ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), async (chunks) => {
        const peer = scriptedPeer(() => undefined);
        // With req_ids from 1 on, garbage hits requests now and then.
        const runtime = { random: () => 0, after: () => () => {}, soon: queueMicrotask };
        const client = await connect(peer.transport, { runtime });
        const watch = client.watch("/w");
        const all = [
          client.read("/a"),
          client.list("/b"),
          client.control(["x"]),
          client.begin(),
          watch.next(),
        ];
        await client.drained();
        await Promise.resolve();
        peer.say(...chunks);
        peer.hangUp();
        await Promise.allSettled(all);
        expect(client.status).toBe("closed");
      }),
      { numRuns: 200 },
    );
  });
});

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
