import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TestClient, TestHost } from "./client.ts";

type Kind = "read" | "directory" | "getPerms" | "write" | "mkdir" | "rm" | "setPerms";

interface Asked {
  readonly kind: Kind;
  readonly path: string;
  readonly value: string;
}

type Step =
  | { readonly what: "outside"; readonly asked: Asked }
  | { readonly what: "inside"; readonly who: number; readonly asked: Asked }
  | { readonly what: "end"; readonly who: number };

const PATHS = ["/a", "/a/b", "/a/b/c", "/a/d", "/e", "/e/f"] as const;
const WRITERS = 3;

const asked: fc.Arbitrary<Asked> = fc.record({
  kind: fc.constantFrom<Kind>("read", "directory", "getPerms", "write", "mkdir", "rm", "setPerms"),
  path: fc.constantFrom(...PATHS),
  value: fc.constantFrom("0", "1", "2"),
});
const who = fc.nat(WRITERS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant("outside" as const), asked }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant("inside" as const), who, asked }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("end" as const), who }) },
);

const payloadOf = ({ kind, path, value }: Asked): string => {
  if (kind === "write") return `${path}\0${value}`;
  return kind === "setPerms" ? `${path}\0n0\0r${value}\0` : `${path}\0`;
};
const ask = (client: TestClient, request: Asked, txId = 0): string =>
  client.ask(request.kind, payloadOf(request), txId);
const begin = (client: TestClient): number =>
  Number(client.ask("transactionStart", "\0").slice(0, -1));

/** Everything that a client can see. */
const contents = (client: TestClient, path = "/"): unknown[] => {
  const names = client.ask("directory", `${path}\0`).split("\0").slice(0, -1);
  const own = [path, client.ask("read", `${path}\0`), client.ask("getPerms", `${path}\0`)];
  const below = names.map((name) =>
    contents(client, path === "/" ? `/${name}` : `${path}/${name}`),
  );
  return [...own, ...below];
};

interface Open {
  readonly id: number;
  readonly done: { readonly request: Asked; readonly reply: string }[];
}

/** Runs a finished transaction alone. Tells whether it is answered as it was, and commits it if so. */
const alone = (client: TestClient, { done }: Open): boolean => {
  const id = begin(client);
  const same = done
    .map(({ request, reply }) => ask(client, request, id) === reply)
    .every((equal) => equal);
  expect(client.ask("transactionEnd", same ? "T\0" : "F\0", id)).toBe("OK\0");
  return same;
};

describe("the rule of conflicts by answers", () => {
  test("commits exactly the transactions that would be answered the same alone at their commit", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const host = new TestHost();
        const model = new TestHost({ conflicts: "strict" });
        for (const domid of [1, 2]) {
          host.create(domid);
          model.create(domid);
        }
        const clients = Array.from({ length: WRITERS }, () => host.client());
        const open = new Map<number, Open>();
        for (const now of steps) {
          if (now.what === "outside") {
            expect(ask(host.dom0, now.asked)).toBe(ask(model.dom0, now.asked));
            continue;
          }
          const client = clients[now.who] as TestClient;
          const transaction = open.get(now.who);
          if (now.what === "inside") {
            const mine = transaction ?? { id: begin(client), done: [] };
            open.set(now.who, mine);
            mine.done.push({ request: now.asked, reply: ask(client, now.asked, mine.id) });
          } else if (transaction !== undefined) {
            open.delete(now.who);
            const result = client.ask("transactionEnd", "T\0", transaction.id);
            expect(result).toBe(alone(model.dom0, transaction) ? "OK\0" : "EAGAIN");
          }
        }
        expect(contents(host.dom0)).toEqual(contents(model.dom0));
      }),
      { numRuns: 1500 },
    );
  });

  test("never refuses blind writers, whatever the others do", () => {
    const blind = asked.filter(({ kind }) => kind === "write" || kind === "mkdir");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(who, blind), { maxLength: 30 }),
        fc.array(asked),
        (inside, outside) => {
          const host = new TestHost();
          const clients = Array.from({ length: WRITERS }, () => host.client());
          const ids = clients.map(begin);
          for (const [index, request] of inside)
            expect(ask(clients[index] as TestClient, request, ids[index])).toBe("OK\0");
          for (const request of outside) ask(host.dom0, request);
          for (const [index, client] of clients.entries())
            expect(client.ask("transactionEnd", "T\0", ids[index])).toBe("OK\0");
        },
      ),
    );
  });

  test("announces a spared commit as if it had been made at that moment", () => {
    const host = new TestHost();
    const watcher = host.client();
    watcher.ask("watch", "/a\0t\0");
    const id = begin(host.dom0);
    host.dom0.ask("write", "/a/x\0" + "1", id);
    host.client().ask("write", "/a/y\0" + "2");
    watcher.takeEvents();
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
    expect(watcher.takeEvents()).toEqual(["/a/x t"]);
    expect(host.daemon.counters).toMatchObject({ conflicts: 0, conflictsSpared: 1 });
    expect(host.daemon.counts.transactions).toBe(0);
  });

  test("judges strictly what is too long to ask again, and lets it go", () => {
    const host = new TestHost();
    const id = begin(host.dom0);
    for (let round = 0; round < 300; round += 1)
      host.dom0.ask("write", `/big\0${"v".repeat(1000)}${round}`, id);
    host.client().ask("write", "/big\0other");
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("EAGAIN");
    expect(host.dom0.ask("read", "/big\0")).toBe("other");
  });

  test("does not give a grant to who came after: EAGAIN when a domain has ended meanwhile", () => {
    const host = new TestHost();
    host.create(7);
    host.dom0.ask("write", "/secret\0");
    const id = begin(host.dom0);
    expect(host.dom0.ask("setPerms", "/secret\0n0\0r7\0", id)).toBe("OK\0");
    host.change({ domid: 7, to: "gone" });
    const second = host.guest(7);
    host.client().ask("write", "/secret\0changed");
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("EAGAIN");
    expect(second.ask("read", "/secret\0")).toBe("EACCES");
  });

  test.each(["/", "@releaseDomain"])(
    "leaves %s with the control domain when who is to get it has ended",
    (path) => {
      const host = new TestHost();
      host.create(7);
      const id = begin(host.dom0);
      expect(host.dom0.ask("setPerms", `${path}\0n7\0`, id)).toBe("OK\0");
      host.change({ domid: 7, to: "gone" });
      expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
      expect(host.dom0.ask("getPerms", `${path}\0`)).toBe("n0\0");
    },
  );

  test("does not bring back entries that were dropped meanwhile, not even of nobody", () => {
    const host = new TestHost();
    const { dom0 } = host;
    dom0.ask("write", "/a\0");
    dom0.ask("setPerms", "/a\0n0\0r7\0");
    host.guest(7);
    const id = begin(dom0);
    dom0.ask("write", "/a\0value", id);
    dom0.ask("write", "/a/b\0", id);
    host.change({ domid: 7, to: "gone" });
    expect(dom0.ask("getPerms", "/a\0")).toBe("n0\0");
    expect(dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
    expect(dom0.ask("getPerms", "/a\0")).toBe("n0\0");
    expect(dom0.ask("getPerms", "/a/b\0")).toBe("n0\0");
  });

  test("repeats nothing but the tree's requests: INTRODUCE inside a transaction happens once", () => {
    const host = new TestHost();
    host.create(3);
    host.dom0.ask("watch", "@introduceDomain\0t\0");
    const id = begin(host.dom0);
    host.dom0.ask("write", "/w\0" + "1", id);
    expect(host.dom0.ask("introduce", "3\0" + "1\0" + "7\0", id)).toBe("OK\0");
    host.client().ask("write", "/w\0" + "2");
    host.dom0.takeEvents();
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
    expect(host.dom0.takeEvents()).toEqual([]);
  });
});

describe("the strict rule of conflicts", () => {
  test("refuses a blind writer of what was written meanwhile", () => {
    const host = new TestHost({ conflicts: "strict" });
    const id = begin(host.dom0);
    host.dom0.ask("write", "/x\0" + "1", id);
    host.client().ask("write", "/x\0" + "2");
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("EAGAIN");
    expect(host.daemon.counters).toMatchObject({ conflicts: 1, conflictsSpared: 0 });
  });
});
