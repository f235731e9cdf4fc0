import { joinStrings } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TestClient, TestHost } from "./client.ts";

/** The store as a plain object: a value and children in order of creation. */
interface ModelNode {
  value: string;
  readonly children: Map<string, ModelNode>;
}

const newNode = (value = ""): ModelNode => ({ value, children: new Map() });

const names = (path: string): string[] => path.split("/").filter((name) => name !== "");

const lookup = (root: ModelNode, path: string): ModelNode | undefined =>
  names(path).reduce<ModelNode | undefined>((node, name) => node?.children.get(name), root);

const make = (root: ModelNode, path: string): ModelNode =>
  names(path).reduce((node, name) => {
    const child = node.children.get(name) ?? newNode();
    node.children.set(name, child);
    return child;
  }, root);

const listOf = (node: ModelNode): string =>
  [...node.children.keys()].map((name) => `${name}\0`).join("");

type Action =
  | { readonly kind: "write"; readonly path: string; readonly value: string }
  | { readonly kind: "mkdir" | "rm" | "read" | "directory"; readonly path: string };

const path = fc
  .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
  .map((list) => `/${list.join("/")}`);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    path,
    value: fc.constantFrom("", "x", "y\0\xff"),
  }),
  fc.record({ kind: fc.constantFrom("mkdir" as const, "rm", "read", "directory"), path }),
);

/** What the model says, and does. */
const answer = (root: ModelNode, step: Action): string => {
  const node = lookup(root, step.path);
  const parts = names(step.path);
  switch (step.kind) {
    case "write":
      make(root, step.path).value = step.value;
      return "OK\0";
    case "mkdir":
      make(root, step.path);
      return "OK\0";
    case "read":
      return node?.value ?? "ENOENT";
    case "directory":
      return node === undefined ? "ENOENT" : listOf(node);
    case "rm": {
      const parent = lookup(root, parts.slice(0, -1).join("/"));
      parent?.children.delete(parts[parts.length - 1] ?? "");
      return parent === undefined ? "ENOENT" : "OK\0";
    }
  }
};

const perform = (client: TestClient, step: Action, txId = 0): string =>
  client.ask(
    step.kind,
    step.kind === "write" ? `${step.path}\0${step.value}` : `${step.path}\0`,
    txId,
  );

const startingModel = (): ModelNode => {
  const root = newNode();
  make(root, "/tool/xenstored");
  return root;
};

const wholeStore = (client: TestClient, at = "/"): string[] => {
  const children = client.ask("directory", `${at}\0`).split("\0").slice(0, -1);
  const below = children.flatMap((name) =>
    wholeStore(client, at === "/" ? `/${name}` : `${at}/${name}`),
  );
  return [`${at}=${client.ask("read", `${at}\0`)}`, ...below];
};

describe("the store", () => {
  test("answers as a plain object would", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { dom0 } = new TestHost();
        const root = startingModel();
        for (const step of actions) expect(perform(dom0, step)).toBe(answer(root, step));
      }),
    );
  });

  test("is after a commit what it would be without the transaction", () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 15 }),
        fc.array(action, { maxLength: 15 }),
        (before, inside) => {
          const [direct, transacted] = [new TestHost(), new TestHost()];
          for (const { dom0 } of [direct, transacted])
            for (const step of before) perform(dom0, step);
          const id = Number.parseInt(transacted.dom0.ask("transactionStart", "\0"), 10);
          for (const step of inside) {
            expect(perform(transacted.dom0, step, id)).toBe(perform(direct.dom0, step));
          }
          expect(transacted.dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
          expect(wholeStore(transacted.dom0)).toEqual(wholeStore(direct.dom0));
          expect(transacted.daemon.counts.nodes).toBe(direct.daemon.counts.nodes);
          transacted.dom0.ask("control", "check\0");
          expect(transacted.lines).toEqual([]);
        },
      ),
    );
  });

  test("shows a transaction what was there at its first access, and nothing of it outside", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ inside: fc.boolean(), step: action }), { maxLength: 30 }),
        (steps) => {
          const host = new TestHost();
          const other = host.client();
          const root = startingModel();
          host.dom0.ask("transactionStart", "\0");
          const list = host.dom0.ask("directory", "/\0", 1);
          for (const { inside, step } of steps) {
            if (inside && step.kind === "read") perform(host.dom0, step, 1);
            else expect(perform(other, step)).toBe(answer(root, step));
          }
          expect(host.dom0.ask("directory", "/\0", 1)).toBe(list);
        },
      ),
    );
  });

  test("answers a transaction whatever happens outside, and commits it as a whole or not at all", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ inside: fc.boolean(), step: action }), { maxLength: 60 }),
        (steps) => {
          const host = new TestHost();
          const other = host.client();
          const root = startingModel();
          host.dom0.ask("transactionStart", "\0");
          for (const { inside, step } of steps) {
            if (inside) perform(host.dom0, step, 1);
            else expect(perform(other, step)).toBe(answer(root, step));
          }
          const before = wholeStore(other);
          const result = host.dom0.ask("transactionEnd", "T\0", 1);
          expect(["OK\0", "EAGAIN"]).toContain(result);
          if (result === "EAGAIN") expect(wholeStore(other)).toEqual(before);
          other.ask("control", "check\0");
          expect(host.lines).toEqual([]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("keeps values of any bytes up to what a message can carry", () => {
    const { dom0 } = new TestHost();
    const value = Array.from({ length: 4096 - 3 }, (_, index) =>
      String.fromCharCode(index & 0xff),
    ).join("");
    expect(dom0.ask("write", `/v\0${value}`)).toBe("OK\0");
    expect(dom0.ask("read", "/v\0")).toBe(value);
  });
});

describe("a deep tree", () => {
  const depth = 1000;
  const deepest = "/a".repeat(depth);

  test("xsa-418: of 1,000 levels is made, read, watched and removed", () => {
    const host = new TestHost();
    const { dom0 } = host;
    const before = host.daemon.counts.nodes;
    expect(dom0.ask("watch", `${deepest}\0t\0`)).toBe("OK\0");
    expect(dom0.ask("write", `${deepest}\0x`)).toBe("OK\0");
    expect(dom0.ask("read", `${deepest}\0`)).toBe("x");
    expect(host.daemon.counts.nodes).toBe(before + depth);
    expect(dom0.ask("control", "check\0")).toBe("OK\0");
    dom0.takeEvents();
    expect(dom0.ask("rm", "/a\0")).toBe("OK\0");
    expect(dom0.takeEvents()).toEqual([`${deepest} t`]);
    expect(host.daemon.counts.nodes).toBe(before);
  });

  test("is made and removed in a transaction, too", () => {
    const host = new TestHost();
    const { dom0 } = host;
    const before = host.daemon.counts.nodes;
    for (const request of ["mkdir", "rm"] as const) {
      const id = Number.parseInt(dom0.ask("transactionStart", "\0"), 10);
      expect(dom0.ask(request, `${request === "rm" ? "/a" : deepest}\0`, id)).toBe("OK\0");
      expect(dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
      expect(host.daemon.counts.nodes).toBe(request === "rm" ? before : before + depth);
    }
  });
});

describe("a node with many children", () => {
  test("is listed in pieces, in the order of creation, and restarts when it changes", () => {
    const { dom0 } = new TestHost();
    const wanted = Array.from({ length: 2000 }, (_, index) => `child-${(index * 7919) % 2000}`);
    for (const name of wanted) dom0.ask("mkdir", `/many/${name}\0`);
    expect(dom0.ask("directory", "/many\0")).toBe("E2BIG");
    let list = "";
    for (let ended = false; !ended; ) {
      const [, ...piece] = dom0.ask("directoryPart", `/many\0${list.length}\0`).split("\0");
      ended = piece[piece.length - 2] === "";
      list += `${piece.slice(0, ended ? -2 : -1).join("\0")}\0`;
    }
    expect(list.split("\0").slice(0, -1)).toEqual(wanted);
    const [first] = dom0.ask("directoryPart", joinStrings(["/many", "0"])).split("\0");
    dom0.ask("rm", "/many/child-0\0");
    expect(dom0.ask("directoryPart", joinStrings(["/many", "0"])).split("\0")[0]).not.toBe(first);
  });
});
