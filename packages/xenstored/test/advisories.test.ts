import { encodeMessage, joinStrings, MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { TestHost } from "./client.ts";

const RELATED = ["read", "directory", "getPerms", "mkdir", "rm"] as const;

/** A request with a domid's home in front of the path. */
const home = (domid: number, path = ""): string => `/local/domain/${domid}${path}`;

describe("a security advisory that concerns this daemon", () => {
  test("xsa-72: a reply that is too large is E2BIG, and the next request works", () => {
    const { dom0 } = new TestHost();
    for (let index = 0; index < 500; index += 1)
      dom0.ask("mkdir", `/d/${"n".repeat(10)}${index}\0`);
    expect(dom0.ask("directory", "/d\0")).toBe("E2BIG");
    expect(dom0.ask("read", "/d\0")).toBe("");
  });

  test("xsa-115: a guest hears nothing of a node that it may not read, by whatever change", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    guest.ask("watch", joinStrings(["/secret", "t"]));
    guest.ask("watch", joinStrings(["/", "t"]));
    guest.takeEvents();
    host.dom0.ask("write", "/secret/a\0x");
    host.dom0.ask("setPerms", joinStrings(["/secret/a", "n0", "w5"]));
    const id = Number.parseInt(host.dom0.ask("transactionStart", "\0"), 10);
    host.dom0.ask("write", "/secret/b\0x", id);
    host.dom0.ask("rm", "/secret/a\0", id);
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
    host.dom0.ask("rm", "/secret\0");
    expect(guest.takeEvents()).toEqual([]);
  });

  test("xsa-115: a guest may not ask for domains, and hears of them only with permission", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    expect(guest.ask("isDomainIntroduced", "0\0")).toBe("EACCES");
    host.dom0.ask("setPerms", joinStrings(["@releaseDomain", "n0"]));
    for (const name of ["@introduceDomain", "@releaseDomain"])
      guest.ask("watch", joinStrings([name, "t"]));
    guest.takeEvents();
    host.guest(6);
    host.change({ domid: 6, to: "dead" });
    expect(guest.takeEvents()).toEqual([]);
    host.dom0.ask("setPerms", joinStrings(["@releaseDomain", "n0", "r5"]));
    guest.takeEvents();
    host.guest(7);
    host.change({ domid: 7, to: "dead" });
    expect(guest.takeEvents()).toEqual(["@releaseDomain t"]);
  });

  test("xsa-233: a domain and the one that acts for it die in one drain", () => {
    const host = new TestHost();
    host.guest(5);
    host.guest(6);
    expect(host.dom0.ask("setTarget", joinStrings(["6", "5"]))).toBe("OK\0");
    host.dom0.ask("watch", joinStrings(["@releaseDomain", "t", "1"]));
    host.dom0.takeEvents();
    host.change({ domid: 5, to: "dead" }, { domid: 6, to: "dead" });
    expect(host.dom0.takeEvents()).toEqual(["@releaseDomain/5 t", "@releaseDomain/6 t"]);
    expect(host.daemon.counts.connections).toBe(1);
  });

  test("xsa-272: a guest makes exactly as many nodes as its quota says, and again after removing them", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    for (const _ of [1, 2]) {
      let made = 0;
      while (guest.ask("mkdir", `${made % 10}/${made}\0`) === "OK\0") made += 1;
      // The home and ten folders are nodes, too; the last request may make a folder beyond the limit.
      expect(made + 10 + 1).toBe(1000);
      expect(guest.ask("mkdir", "x\0")).toBe("ENOSPC");
      for (let folder = 0; folder < 10; folder += 1) guest.ask("rm", `${folder}\0`);
    }
  });

  test("xsa-322: a domain with a used domid finds neither nodes nor grants of its predecessor", () => {
    const host = new TestHost();
    const first = host.guest(5);
    host.dom0.ask("write", "/for5\0secret");
    host.dom0.ask("setPerms", joinStrings(["/for5", "n0", "r5"]));
    first.ask("write", "mine\0x");
    expect(first.ask("read", "/for5\0")).toBe("secret");
    host.change({ domid: 5, to: "gone" });
    const second = host.guest(5);
    expect(second.ask("read", "mine\0")).toBe("ENOENT");
    expect(second.ask("read", "/for5\0")).toBe("EACCES");
    expect(host.dom0.ask("getPerms", "/for5\0")).toBe("n0\0");
  });

  test("xsa-322: not even when it was reused before anybody told", () => {
    const host = new TestHost();
    host.guest(5);
    host.dom0.ask("write", "/for5\0secret");
    host.dom0.ask("setPerms", joinStrings(["/for5", "n0", "r5"]));
    const second = host.guest(5);
    expect(second.ask("read", "/for5\0")).toBe("EACCES");
  });

  test("xsa-323: the longest path is the same however it is spelled", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    const [fits, toolong] = [2048, 2049].map((length) =>
      "a/"
        .repeat(length)
        .slice(0, length - 1)
        .concat("b"),
    );
    for (const prefix of ["", `${home(5)}/`]) {
      expect(guest.ask("read", `${prefix}${fits}\0`)).toBe("ENOENT");
      expect(guest.ask("read", `${prefix}${toolong}\0`)).toBe("EINVAL");
    }
  });

  test("xsa-324: an event that no message can hold is dropped, and the daemon lives", () => {
    const { dom0 } = new TestHost();
    const token = "t".repeat(4090);
    expect(dom0.ask("watch", joinStrings(["/a", token]))).toBe("OK\0");
    expect(dom0.takeEvents()).toEqual([`/a ${token}`]);
    expect(dom0.ask("write", "/a/bcdef\0x")).toBe("OK\0");
    expect(dom0.takeEvents()).toEqual([]);
  });

  test("xsa-325: the death of a guest that broke the protocol is announced, once, when it dies", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    host.dom0.ask("watch", joinStrings(["@releaseDomain", "t"]));
    host.dom0.takeEvents();
    const header = encodeMessage({
      type: MESSAGE.read,
      reqId: 0,
      txId: 0,
      payload: new Uint8Array(0),
    });
    new DataView(header.buffer).setUint32(12, 4097, true);
    guest.connection.receive(header);
    expect(guest.closed).toBe("protocol");
    expect(host.dom0.takeEvents()).toEqual([]);
    expect(host.dom0.ask("isDomainIntroduced", "5\0")).toBe("T\0");
    host.change({ domid: 5, to: "dead" });
    expect(host.dom0.takeEvents()).toEqual(["@releaseDomain t"]);
  });

  test("xsa-326: what a client leaves unread is bounded", () => {
    const host = new TestHost({ eventsUpTo: 64 << 10, pauseAt: 16 << 10 });
    const lazy = host.client();
    lazy.ask("watch", joinStrings(["/", "t"]));
    for (let index = 0; index < 10_000; index += 1) host.dom0.ask("write", `/n${index}\0x`);
    expect(lazy.connection.output.length).toBeLessThanOrEqual(64 << 10);
    expect(lazy.closed).toBe("overflow");
  });

  test("xsa-326: the requests of a client that leaves its replies unread are not looked at", () => {
    const host = new TestHost({ pauseAt: 16 << 10 });
    const lazy = host.client();
    lazy.ask("write", `/big\0${"x".repeat(4000)}`);
    const read = encodeMessage({
      type: MESSAGE.read,
      reqId: 0,
      txId: 0,
      payload: Buffer.from("/big\0"),
    });
    for (let index = 0; index < 100; index += 1) lazy.connection.receive(read);
    expect(lazy.connection.paused).toBe(true);
    expect(lazy.connection.output.length).toBeLessThan((16 << 10) + 4096 + 16);
    let answered = 0;
    for (let replies = lazy.receive(); replies.length > 0; replies = lazy.receive()) {
      answered += replies.length;
      lazy.connection.resume();
    }
    expect(answered).toBe(100);
  });

  test("xsa-330: after RESET_WATCHES no watch is left anywhere", () => {
    const host = new TestHost();
    const client = host.client();
    for (let round = 0; round < 1000; round += 1) {
      client.ask("watch", joinStrings(["/a", `${round}`]));
      client.takeEvents();
      expect(client.ask("resetWatches", "\0")).toBe("OK\0");
      expect(host.dom0.ask("write", "/a\0x")).toBe("OK\0");
      expect(client.takeEvents()).toEqual([]);
    }
  });

  test("xsa-352: a guest cannot give a node away", () => {
    const host = new TestHost();
    host.guest(6);
    expect(host.guest(5).ask("setPerms", joinStrings([home(5), "n6"]))).toBe("EPERM");
    expect(host.dom0.ask("getPerms", `${home(5)}\0`)).toBe("n5\0");
  });

  test("xsa-353: the root is a node like any other: a guest may do nothing with it", () => {
    const guest = new TestHost().guest(5);
    for (const request of RELATED) expect(guest.ask(request, "/\0")).toBe("EACCES");
    expect(guest.ask("setPerms", joinStrings(["/", "b5"]))).toBe("EACCES");
    expect(guest.ask("write", "/\0x")).toBe("EACCES");
  });

  test("xsa-414, xsa-415: a creation that a quota refuses leaves nothing behind, in a transaction neither", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    const before = host.daemon.counts.nodes;
    const tooBig = `a/b/c\0${"x".repeat(2048)}`;
    expect(guest.ask("write", tooBig)).toBe("ENOSPC");
    expect(guest.ask("transactionStart", "\0")).toBe("1\0");
    expect(guest.ask("write", tooBig, 1)).toBe("ENOSPC");
    expect(guest.ask("transactionEnd", "T\0", 1)).toBe("ENOMEM");
    expect(host.daemon.counts.nodes).toBe(before);
    expect(guest.ask("directory", `${home(5)}\0`)).toBe("");
  });

  test("xsa-417: a grant made while there was no such domain never comes to life", () => {
    const host = new TestHost();
    host.dom0.ask("write", "/n\0secret");
    host.dom0.ask("setPerms", joinStrings(["/n", "n0", "r5"]));
    const guest = host.guest(5);
    host.dom0.ask("write", "/n\0changed");
    expect(guest.ask("read", "/n\0")).toBe("EACCES");
    host.dom0.ask("setPerms", joinStrings(["/n", "n0", "r5"]));
    expect(guest.ask("read", "/n\0")).toBe("changed");
  });

  test("xsa-419: what a domain made anywhere goes with it: 100 reboots leave nothing", () => {
    const host = new TestHost();
    host.create(5);
    host.dom0.ask("mkdir", "/shared\0");
    host.change({ domid: 5, to: "gone" });
    const before = host.daemon.counts.nodes;
    for (let reboot = 0; reboot < 100; reboot += 1) {
      const guest = host.guest(5);
      host.dom0.ask("setPerms", joinStrings(["/shared", "n0", "b5"]));
      expect(guest.ask("write", "/shared/a/b\0x")).toBe("OK\0");
      host.change({ domid: 5, to: "gone" });
      host.dom0.ask("rm", "/local\0");
      expect(host.daemon.counts.nodes).toBe(before);
    }
  });

  test("xsa-421: a node made and removed in one transaction commits, and counts as nothing", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    const before = host.daemon.counts.nodes;
    guest.ask("transactionStart", "\0");
    guest.ask("write", "a/b\0x", 1);
    guest.ask("rm", "a\0", 1);
    guest.ask("write", "kept\0x", 1);
    expect(guest.ask("transactionEnd", "T\0", 1)).toBe("OK\0");
    expect(host.daemon.counts.nodes).toBe(before + 1);
    expect(guest.ask("directory", `${home(5)}\0`)).toBe("kept\0");
  });

  test("xsa-425: INTRODUCE of a domain with a request half received, many times", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    const request = encodeMessage({
      type: MESSAGE.read,
      reqId: 0,
      txId: 0,
      payload: Buffer.from("x\0"),
    });
    for (let round = 0; round < 100; round += 1) {
      guest.connection.receive(request.subarray(0, 17));
      host.dom0.ask("introduce", joinStrings(["5", "1", "7"]));
    }
    expect(guest.ask("read", "x\0")).toBe("ENOENT");
  });

  test("xsa-481: the path /local/domain/ is EINVAL in every request", () => {
    const { dom0 } = new TestHost();
    for (const request of RELATED) expect(dom0.ask(request, "/local/domain/\0")).toBe("EINVAL");
    expect(dom0.ask("write", "/local/domain/\0x")).toBe("EINVAL");
    expect(dom0.ask("watch", joinStrings(["/local/domain/", "t"]))).toBe("EINVAL");
    expect(dom0.ask("directoryPart", joinStrings(["/local/domain/", "0"]))).toBe("EINVAL");
  });

  test("xsa-483: a domain with a used domid has its whole quota", () => {
    const host = new TestHost({ quotas: { nodes: 10 } });
    for (const _ of [1, 2]) {
      const guest = host.guest(5);
      let made = 1;
      while (guest.ask("mkdir", `${made}\0`) === "OK\0") made += 1;
      expect(made).toBe(10);
      host.change({ domid: 5, to: "gone" });
    }
  });

  test("xsa-484: RESET_WATCHES inside a transaction is OK and ends it", () => {
    const { dom0 } = new TestHost();
    dom0.ask("transactionStart", "\0");
    dom0.ask("write", "/a\0x", 1);
    expect(dom0.ask("resetWatches", "\0", 1)).toBe("OK\0");
    expect(dom0.ask("transactionEnd", "T\0", 1)).toBe("ENOENT");
    expect(dom0.ask("read", "/a\0")).toBe("ENOENT");
  });
});
