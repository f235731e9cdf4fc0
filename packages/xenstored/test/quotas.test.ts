import { ManualClock } from "@xenkit/store-replay";
import type { QuotaName } from "@xenkit/xenstored";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TestClient, TestHost } from "./client.ts";

const SECOND = 1000;

const hostWith = (quotas: Partial<Record<QuotaName, number>>): TestHost =>
  new TestHost({ quotas, clock: new ManualClock() });
const used = (host: TestHost, domid: number, quota: QuotaName): number | undefined =>
  host.daemon.usage(domid)?.quotas[quota].used;
const begin = (client: TestClient): number =>
  Number(client.ask("transactionStart", "\0").slice(0, -1));

describe("a quota accepts exactly its number", () => {
  test("1000 nodes, 128 watches, 10 transactions, 5 permissions, 2048 bytes of node and path", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    let count = 0;
    while (guest.ask("mkdir", `${count % 20}/${count}\0`) === "OK\0") count += 1;
    expect(guest.ask("mkdir", "one-more\0")).toBe("ENOSPC");
    expect(used(host, 5, "nodes")).toBe(1000);
    const fresh = host.guest(6);
    for (let watch = 1; watch <= 128; watch += 1)
      expect(fresh.ask("watch", `w\0${watch}\0`)).toBe("OK\0");
    expect(fresh.ask("watch", "w\0more\0")).toBe("ENOSPC");
    for (let open = 1; open <= 10; open += 1) begin(fresh);
    expect(fresh.ask("transactionStart", "\0")).toBe("ENOSPC");
    fresh.ask("write", "p\0");
    expect(fresh.ask("setPerms", "p\0n6\0r1\0r2\0r3\0r4\0")).toBe("OK\0");
    expect(fresh.ask("setPerms", "p\0n6\0r1\0r2\0r3\0r4\0r5\0")).toBe("ENOSPC");
    expect(fresh.ask("write", `q\0${"v".repeat(2048 - 16 - 8)}`)).toBe("OK\0");
    expect(fresh.ask("write", `q\0${"v".repeat(2048 - 16 - 8 + 1)}`)).toBe("ENOSPC");
    expect(fresh.ask("read", `/local/domain/6/${"n".repeat(2048)}\0`)).toBe("ENOENT");
    expect(fresh.ask("read", `/local/domain/6/${"n".repeat(2049)}\0`)).toBe("EINVAL");
  });
});

describe("the memory quota", () => {
  test("charges nodes, watches and copies in transactions, and takes everything back", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    const empty = used(host, 5, "memory");
    expect(empty).toBe(16 + 8 + "/local/domain/5".length);
    guest.ask("write", `k\0${"v".repeat(100)}`);
    const one = (empty ?? 0) + "k\0".length + 16 + 8 + 100 + "/local/domain/5/k".length;
    expect(used(host, 5, "memory")).toBe(one);
    guest.ask("watch", "k\0token\0");
    guest.receive();
    expect(used(host, 5, "memory")).toBe(one + "/local/domain/5/k".length + "token".length);
    guest.ask("unwatch", "k\0token\0");
    const id = begin(guest);
    guest.ask("write", `k\0${"w".repeat(500)}`, id);
    expect(used(host, 5, "memory")).toBeGreaterThan(one + 500);
    guest.ask("transactionEnd", "F\0", id);
    expect(used(host, 5, "memory")).toBe(one);
    guest.ask("rm", "k\0");
    expect(used(host, 5, "memory")).toBe(empty);
  });

  test("counts the same as a walk over the store, whatever was done", () => {
    const path = fc.constantFrom("a", "a/b", "a/b/c", "d");
    const deed = fc.oneof(
      fc.tuple(
        fc.constant("write" as const),
        path,
        fc.string({ maxLength: 20, unit: "grapheme-ascii" }),
      ),
      fc.tuple(fc.constant("rm" as const), path, fc.constant("")),
      fc.tuple(
        fc.constant("setPerms" as const),
        path,
        fc.constantFrom("n5\0", "n5\0r1\0", "n5\0r1\0r2\0"),
      ),
      fc.tuple(fc.constant("begin" as const), path, fc.constant("")),
      fc.tuple(fc.constant("end" as const), path, fc.constantFrom("T", "F")),
    );
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
        const host = new TestHost();
        const guest = host.guest(5);
        const other = host.client();
        let id = 0;
        for (const [kind, at, value] of deeds) {
          if (kind === "begin") id = id === 0 ? begin(guest) : id;
          else if (kind === "end") {
            if (id !== 0) guest.ask("transactionEnd", `${value}\0`, id);
            id = 0;
          } else if (value.length % 3 === 0 && kind === "write") {
            other.ask("write", `/local/domain/5/${at}\0${value}`);
          } else {
            guest.ask(kind, `${at}\0${value}`, id);
          }
        }
        if (id !== 0) guest.ask("transactionEnd", "T\0", id);
        expect(used(host, 5, "memory")).toBe(ownedBytes(host.dom0, 5));
        host.dom0.ask("release", "5\0");
        expect(host.daemon.usage(5)).toBeUndefined();
        host.introduce(5);
        expect(used(host, 5, "memory")).toBe(0);
      }),
    );
  });

  test("refuses what would pass it with ENOMEM, and drops events for which there is no room", () => {
    const host = hostWith({ memory: 1000 });
    const guest = host.guest(5);
    expect(guest.ask("write", `a\0${"v".repeat(800)}`)).toBe("OK\0");
    expect(guest.ask("write", `b\0${"v".repeat(800)}`)).toBe("ENOMEM");
    expect(guest.ask("mkdir", `${"n".repeat(200)}\0`)).toBe("ENOMEM");
    expect(guest.ask("write", "a\0short")).toBe("OK\0");
    expect(guest.ask("write", `b\0${"v".repeat(700)}`)).toBe("OK\0");
    expect(guest.ask("watch", `a\0${"t".repeat(300)}\0`)).toBe("ENOMEM");
    expect(guest.ask("watch", "a\0t\0")).toBe("OK\0");
    guest.takeEvents();
    for (let round = 0; round < 5; round += 1)
      host.dom0.ask("write", `/local/domain/5/a/${"x".repeat(60)}${round}\0`);
    expect(guest.takeEvents().length).toBeLessThan(5);
    expect(host.daemon.counters.eventsDropped).toBeGreaterThan(0);
  });

  test("warns at the soft limit, once until the domain is well below it again", () => {
    const host = hostWith({ "soft-memory": 500 });
    const guest = host.guest(5);
    guest.ask("write", `a\0${"v".repeat(600)}`);
    guest.ask("write", `a\0${"v".repeat(700)}`);
    expect(host.lines).toEqual([
      expect.stringMatching(/^quota soft-memory is passed by domain 5: \d+, 500 asked for$/),
    ]);
  });
});

/** What a domain is charged with for nodes, by looking at every one. */
const ownedBytes = (dom0: TestClient, domid: number, path = "/"): number => {
  const perms = dom0.ask("getPerms", `${path}\0`).split("\0").slice(0, -1);
  const list = dom0.ask("directory", `${path}\0`);
  const size =
    perms[0]?.slice(1) === `${domid}`
      ? 16 + 8 * perms.length + dom0.ask("read", `${path}\0`).length + list.length + path.length
      : 0;
  const names = list.split("\0").slice(0, -1);
  return names.reduce(
    (sum, name) => sum + ownedBytes(dom0, domid, path === "/" ? `/${name}` : `${path}/${name}`),
    size,
  );
};

describe("a refusal by a quota", () => {
  test("is told with quota, domain, value and limit; once a minute, with how many were not told", () => {
    const clock = new ManualClock();
    const host = new TestHost({ clock, quotas: { watches: 1 } });
    const guest = host.guest(5);
    guest.ask("watch", "a\0t\0");
    for (let count = 0; count < 100; count += 1) guest.ask("watch", "b\0t\0");
    expect(host.lines).toEqual(["quota watches refuses domain 5: 2 wanted, 1 allowed"]);
    clock.advance(60 * SECOND);
    guest.ask("watch", "b\0t\0");
    expect(host.lines[1]).toBe(
      "quota watches refuses domain 5: 2 wanted, 1 allowed, 99 more since the last not told",
    );
    expect(host.daemon.usage(5)?.quotas.watches).toEqual({
      used: 1,
      peak: 1,
      limit: 1,
      refusals: 101,
    });
    expect(host.daemon.counters.refusals.watches).toBe(101);
  });

  test("does not concern other domains, nor domain 0", () => {
    const host = hostWith({ nodes: 3 });
    const [first, second] = [host.guest(5), host.guest(6)];
    for (const name of ["a", "b"]) expect(first.ask("mkdir", `${name}\0`)).toBe("OK\0");
    expect(first.ask("mkdir", "c\0")).toBe("ENOSPC");
    expect(second.ask("mkdir", "c\0")).toBe("OK\0");
    for (const name of ["a", "b", "c", "d"])
      expect(host.dom0.ask("mkdir", `/${name}\0`)).toBe("OK\0");
    expect(host.dom0.ask("setQuota", "5\0nodes\0" + "4\0")).toBe("OK\0");
    expect(first.ask("mkdir", "c\0")).toBe("OK\0");
  });
});

describe("a grant to a domain that does not exist", () => {
  test("is told when domain 0 makes it, and not when a guest does", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    guest.ask("write", "p\0");
    expect(guest.ask("setPerms", "p\0n5\0r9\0")).toBe("OK\0");
    expect(host.lines).toEqual([]);
    expect(host.dom0.ask("setPerms", "/local/domain/5/p\0n5\0r5\0r9\0")).toBe("OK\0");
    expect(host.lines).toEqual([
      "SET_PERMS of /local/domain/5/p: domain 9 does not exist, what it is granted never counts",
    ]);
  });
});

describe("requests under way", () => {
  test("a guest with as many as its quota allows is not read until a reply is taken", () => {
    const host = hostWith({ outstanding: 3 });
    const guest = host.guest(5);
    for (let count = 0; count < 10; count += 1) guest.send("getDomainPath", "5\0");
    expect(used(host, 5, "outstanding")).toBe(3);
    expect(host.daemon.usage(5)?.held).toBe("outstanding");
    expect(guest.receive().length).toBe(3);
    guest.connection.resume();
    expect(guest.receive().length).toBe(3);
    expect(host.daemon.usage(5)?.quotas.outstanding).toMatchObject({ used: 0, peak: 3 });
  });

  test("the log says when others stall a guest, once a minute", () => {
    const host = hostWith({ outstanding: 2 });
    const guest = host.guest(5);
    const watcher = host.client();
    watcher.ask("watch", "/local/domain/5\0t\0");
    watcher.takeEvents();
    for (const name of ["a", "b", "c", "d"]) guest.send("mkdir", `${name}\0`);
    expect(host.lines).toEqual([]);
    guest.receive();
    for (let count = 0; count < 5; count += 1) guest.connection.resume();
    expect(host.lines).toEqual([
      "domain 5 waits: other clients leave events of its 2 requests unread",
    ]);
  });

  test("a request is not over before another client has taken its events; one that goes away holds nothing", () => {
    const host = hostWith({ outstanding: 2 });
    const guest = host.guest(5);
    const watcher = host.client();
    watcher.ask("watch", "/local/domain/5\0t\0");
    watcher.takeEvents();
    for (const name of ["a", "b", "c", "d"]) guest.send("mkdir", `${name}\0`);
    expect(guest.receive().length).toBe(2);
    guest.connection.resume();
    expect(guest.receive().length).toBe(0);
    watcher.connection.close();
    expect(host.daemon.usage(5)).toMatchObject({ held: undefined });
    guest.connection.resume();
    expect(guest.receive().length).toBe(2);
    expect(used(host, 5, "outstanding")).toBe(0);
  });
});

describe("an event that a guest does not take", () => {
  test("is dropped after 20 s unless it was begun; what comes later is told", () => {
    const clock = new ManualClock();
    const host = new TestHost({ clock });
    const guest = host.guest(5);
    guest.ask("watch", "k\0t\0");
    guest.takeEvents();
    host.dom0.ask("write", "/local/domain/5/k/0\0");
    host.dom0.ask("write", "/local/domain/5/k/1\0");
    const begun = guest.connection.output.peek().slice(0, 5);
    guest.connection.output.consume(5);
    clock.advance(19 * SECOND);
    host.dom0.ask("write", "/local/domain/5/k/2\0");
    clock.advance(1 * SECOND);
    host.dom0.ask("write", "/local/domain/5/k/1\0");
    guest.push(begun);
    expect(guest.takeEvents()).toEqual(["k/0 t", "k/2 t", "k/1 t"]);
    expect(host.daemon.counters.eventsTimedOut).toBe(1);
  });

  test("leaves the queue as if it had never been there, whatever else waits", () => {
    const event = fc.record({ path: fc.nat(9), at: fc.nat(40), reply: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.nat(60), (events, taken) => {
        const clock = new ManualClock();
        const host = new TestHost({ clock, quotas: { outstanding: 0 } });
        const guest = host.guest(5);
        guest.ask("watch", "k\0t\0");
        guest.takeEvents();
        const sorted = [...events].sort((a, b) => a.at - b.at);
        const waiting: { readonly text: string; readonly until: number }[] = [];
        let begun = new Uint8Array(0);
        let now = 0;
        const advance = (to: number): void => {
          clock.advance((to - now) * SECOND);
          now = to;
        };
        for (const [index, { path, at, reply }] of sorted.entries()) {
          advance(at);
          if (reply) {
            guest.send("getDomainPath", `${index}\0`);
            waiting.push({ text: `/local/domain/${index}\0`, until: Number.POSITIVE_INFINITY });
          } else {
            host.dom0.ask("write", `/local/domain/5/k/${index}/${path}\0`);
            waiting.push({ text: `k/${index}/${path} t`, until: at + 20 });
          }
          // The first message is begun, and so must be ended.
          if (index === 0) {
            begun = guest.connection.output.peek().slice(0, Math.min(taken, 16));
            guest.connection.output.consume(begun.length);
            if (begun.length > 0)
              waiting[0] = { text: waiting[0]?.text ?? "", until: Number.POSITIVE_INFINITY };
          }
        }
        advance(45);
        guest.push(begun);
        const replies = guest.receive().map(({ text }) => text);
        const left = waiting.filter(({ until }) => until > now).map(({ text }) => text);
        expect([...replies, ...guest.events].sort()).toEqual(left.sort());
        expect(used(host, 5, "outstanding")).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the rate at which guests may write", () => {
  /** How many writes a guest gets through in so many seconds while a transaction is open. */
  const writesIn = (seconds: number, guests: number): number => {
    const clock = new ManualClock();
    const host = new TestHost({ clock });
    const clients = Array.from({ length: guests }, (_, index) => host.guest(index + 1));
    const busy = clients[0] as TestClient;
    begin(host.dom0);
    let written = 0;
    busy.sendMany(seconds * 1000, "write", "k\0v");
    for (let tick = 0; tick <= seconds * 100; tick += 1) {
      busy.connection.resume();
      written += busy.receive().length;
      clock.advance(10);
    }
    return written;
  };

  test("is about 200 a second for one of three, as the others leave it theirs", () => {
    const rate = (writesIn(12, 3) - writesIn(2, 3)) / 10;
    expect(rate).toBeGreaterThan(185);
    expect(rate).toBeLessThan(205);
  });

  test("is not limited while no transaction is open, nor for domain 0", () => {
    const host = new TestHost({ clock: new ManualClock() });
    const guest = host.guest(5);
    for (let count = 0; count < 2000; count += 1) expect(guest.ask("write", "k\0v")).toBe("OK\0");
    begin(host.dom0);
    for (let count = 0; count < 2000; count += 1)
      expect(host.dom0.ask("write", "/k\0v")).toBe("OK\0");
    expect(host.daemon.usage(5)?.held).toBeUndefined();
  });
});
