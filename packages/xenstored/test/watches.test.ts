import { joinStrings } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { type TestClient, TestHost } from "./client.ts";

const watch = (client: TestClient, ...strings: readonly string[]): void => {
  expect(client.ask("watch", joinStrings(strings))).toBe("OK\0");
  client.takeEvents();
};

describe("a watch", () => {
  test("hears of its path and all below it, as deep as it was told", () => {
    const { dom0 } = new TestHost();
    watch(dom0, "/a", "all");
    watch(dom0, "/a", "0", "0");
    watch(dom0, "/a", "1", "1");
    watch(dom0, "/", "root1", "1");
    dom0.ask("write", "/a\0");
    expect(dom0.takeEvents()).toEqual(["/a all", "/a 0", "/a 1", "/a root1"]);
    dom0.ask("write", "/a/b\0");
    expect(dom0.takeEvents()).toEqual(["/a/b all", "/a/b 1"]);
    dom0.ask("write", "/a/b/c\0");
    expect(dom0.takeEvents()).toEqual(["/a/b/c all"]);
    dom0.ask("write", "/ab\0");
    expect(dom0.takeEvents()).toEqual(["/ab root1"]);
  });

  test("on / does not hear of a special node, not from a transaction either", () => {
    const { dom0 } = new TestHost();
    watch(dom0, "/", "t");
    watch(dom0, "@releaseDomain", "r", "1");
    dom0.ask("setPerms", joinStrings(["@releaseDomain", "r0"]));
    expect(dom0.takeEvents()).toEqual(["@releaseDomain r"]);
    dom0.ask("transactionStart", "\0");
    dom0.ask("setPerms", joinStrings(["@releaseDomain", "n0"]), 1);
    dom0.ask("transactionEnd", "T\0", 1);
    expect(dom0.takeEvents()).toEqual(["@releaseDomain r"]);
  });

  test("hears of its own change before the reply to it", () => {
    const host = new TestHost();
    watch(host.dom0, "/a", "t");
    host.dom0.ask("write", "/a\0x");
    expect(host.dom0.events).toEqual(["/a t"]);
  });

  test("hears once of what happened often before it listened", () => {
    const host = new TestHost();
    watch(host.dom0, "/a", "t");
    const writer = host.client();
    for (let round = 0; round < 50; round += 1) writer.ask("write", `/a\0${round}`);
    writer.ask("write", "/a/b\0");
    writer.ask("write", "/a\0last");
    expect(host.dom0.takeEvents()).toEqual(["/a t", "/a/b t"]);
    writer.ask("write", "/a\0again");
    expect(host.dom0.takeEvents()).toEqual(["/a t"]);
  });

  test("of several domains that shut down in one drain hears once, of those that die each time", () => {
    const host = new TestHost();
    for (const domid of [5, 6, 7]) host.guest(domid);
    watch(host.dom0, "@releaseDomain", "plain");
    watch(host.dom0, "@releaseDomain", "each", "1");
    watch(host.dom0, "@releaseDomain/6", "six");
    host.change({ domid: 5, to: "shutdown" }, { domid: 6, to: "shutdown" });
    expect(host.dom0.takeEvents()).toEqual([
      "@releaseDomain/5 each",
      "@releaseDomain/6 each",
      "@releaseDomain/6 six",
      "@releaseDomain plain",
    ]);
    host.change({ domid: 5, to: "dead" }, { domid: 6, to: "dead" });
    expect(host.dom0.takeEvents()).toEqual([
      "@releaseDomain plain",
      "@releaseDomain/5 each",
      "@releaseDomain plain",
      "@releaseDomain/6 each",
      "@releaseDomain/6 six",
    ]);
    host.change({ domid: 5, to: "gone" }, { domid: 7, to: "gone" });
    expect(host.dom0.takeEvents()).toEqual(["@releaseDomain plain", "@releaseDomain/7 each"]);
  });

  test("that is above a removed node hears of the node, one below it of its own path, the deepest first", () => {
    const { dom0 } = new TestHost();
    dom0.ask("write", "/a/b/c\0");
    for (const path of ["/", "/a/b/c", "/a/b", "/a/x"]) watch(dom0, path, path);
    dom0.ask("rm", "/a\0");
    expect(dom0.takeEvents()).toEqual(["/a/b/c /a/b/c", "/a/b /a/b", "/a /"]);
  });

  test("below a node that a commit gives to a domain that has ended hears that its own has gone with it", () => {
    const host = new TestHost();
    const { dom0 } = host;
    host.create(5);
    dom0.ask("write", "/a/b/c\0");
    for (const path of ["/a", "/a/b/c"]) watch(dom0, path, path);
    const id = Number.parseInt(dom0.ask("transactionStart", "\0"), 10);
    dom0.ask("setPerms", "/a\0n5\0", id);
    host.change({ domid: 5, to: "gone" });
    expect(dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
    expect(dom0.ask("read", "/a/b/c\0")).toBe("ENOENT");
    expect(dom0.takeEvents()).toEqual(["/a /a", "/a/b/c /a/b/c"]);
  });
});

describe("a quota that refuses", () => {
  test("says which, whom and why, once", () => {
    const host = new TestHost({ quotas: { watches: 1 } });
    const guest = host.guest(5);
    for (const token of ["1", "2", "3"]) guest.ask("watch", joinStrings(["a", token]));
    expect(host.lines).toEqual(["quota watches refuses domain 5: 2 wanted, 1 allowed"]);
    expect(host.dom0.ask("control", joinStrings(["quota", "5"]))).toContain(
      "watches          :        1 (max        1)\n",
    );
  });
});
