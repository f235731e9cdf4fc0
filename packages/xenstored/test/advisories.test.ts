import { ManualClock } from "@xenkit/store-replay";
import {
  bytesOf,
  encodeMessage,
  getU32,
  joinStrings,
  MESSAGE,
  putU32,
  RING_ERROR,
  RING_PAGE,
  RING_SIZE,
} from "@xenkit/xenstore-wire";
import { type RingHost, ringGuests } from "@xenkit/xenstored";
import { describe, expect, test } from "vitest";
import { type TestClient, TestHost } from "./client.ts";

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

  test("xsa-38: ring indexes further apart than the ring end the service, 1024 apart are served", () => {
    const host = new RingGuestHost();
    const { page } = host;
    const ask = encodeMessage({ type: MESSAGE.read, reqId: 0, txId: 0, payload: bytesOf("x\0") });
    const count = Math.floor(RING_SIZE / ask.length);
    const rest = encodeMessage({
      type: MESSAGE.read,
      reqId: 1,
      txId: 0,
      payload: bytesOf(`${"y".repeat(RING_SIZE - count * ask.length - 17 + ask.length)}\0`),
    });
    const full = Buffer.concat([...Array.from({ length: count - 1 }, () => ask), rest]);
    expect(full.length).toBe(RING_SIZE);
    page.set(full, RING_PAGE.request);
    putU32(page, RING_PAGE.requestProducer, RING_SIZE);
    host.notify();
    expect(getU32(page, RING_PAGE.requestConsumer)).toBe(RING_SIZE);
    expect(getU32(page, RING_PAGE.error)).toBe(RING_ERROR.none);
    putU32(page, RING_PAGE.requestProducer, 2 * RING_SIZE + 1);
    host.notify();
    expect(getU32(page, RING_PAGE.error)).toBe(RING_ERROR.index);
    expect(getU32(page, RING_PAGE.requestConsumer)).toBe(RING_SIZE);
    expect(host.dom0.ask("isDomainIntroduced", "5\0")).toBe("T\0");
  });

  test("xsa-206: a guest that writes in a loop does not keep a transaction from being committed", () => {
    const clock = new ManualClock();
    const host = new TestHost({ clock, conflicts: "strict" });
    const guest = host.guest(5);
    guest.sendMany(100_000, "write", "k\0v");
    const attempt = (): string => {
      const id = host.dom0.ask("transactionStart", "\0").slice(0, -1);
      host.dom0.ask("read", home(5, "/k\0"), Number(id));
      // While dom0 thinks, the guest goes on as far as it may.
      for (let tick = 0; tick < 4; tick += 1) {
        guest.receive();
        guest.connection.resume();
      }
      return host.dom0.ask("transactionEnd", "T\0", Number(id));
    };
    let attempts = 1;
    while (attempt() !== "OK\0") attempts += 1;
    expect(attempts).toBeLessThan(50);
    expect(host.daemon.usage(5)?.held).toBe("write rate");
  });

  test("xsa-206: nor does it when the transaction only writes", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    const id = Number(host.dom0.ask("transactionStart", "\0").slice(0, -1));
    host.dom0.ask("write", `${home(5, "/k\0")}dom0`, id);
    guest.ask("write", "k\0guest");
    expect(host.dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
  });

  test("xsa-326: a guest with 20 requests under way is not read, nor one that is over its memory", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    guest.sendMany(1000, "write", "k\0v");
    expect(host.daemon.usage(5)?.quotas.outstanding.used).toBe(20);
    guest.receive();
    expect(host.dom0.ask("setQuota", "5\0memory\0" + "10\0")).toBe("OK\0");
    guest.connection.resume();
    expect(guest.receive()).toEqual([]);
    expect(host.daemon.usage(5)?.held).toBe("memory");
  });

  test("xsa-326: what transactions hold counts as the guest's memory", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    host.dom0.ask("setQuota", "5\0memory\0" + "100000\0");
    for (let open = 1; open <= 10; open += 1) {
      guest.ask("transactionStart", "\0");
      for (let node = 0; node < 200; node += 1)
        guest.ask("write", `${node}\0${"v".repeat(1900)}`, open);
    }
    const memory = host.daemon.usage(5)?.quotas.memory;
    expect(memory?.used).toBeLessThan(100_000 + 4096);
    expect(memory?.refusals).toBeGreaterThan(1000);
    guest.ask("resetWatches", "\0");
    expect(host.daemon.usage(5)?.quotas.memory.used).toBeLessThan(100);
  });

  test("xsa-416: a guest that never reads its replies costs no more after 10,000 requests than after 20", () => {
    const host = new TestHost();
    const guest = host.guest(5);
    guest.ask("write", `big\0${"v".repeat(1900)}`);
    for (let count = 0; count < 20; count += 1) guest.send("read", "big\0");
    const waiting = guest.connection.output.length;
    guest.sendMany(10_000, "read", "big\0");
    expect(guest.connection.output.length).toBe(waiting);
  });

  test("xsa-418: a tree of 1,000 levels is made, listed, checked, copied and removed", () => {
    const { dom0 } = new TestHost();
    const path = "/d".repeat(1000);
    expect(dom0.ask("write", `${path}\0x`)).toBe("OK\0");
    expect(dom0.ask("control", "check\0")).toBe("OK\0");
    const id = Number(dom0.ask("transactionStart", "\0").slice(0, -1));
    expect(dom0.ask("rm", "/d\0", id)).toBe("OK\0");
    expect(dom0.ask("transactionEnd", "T\0", id)).toBe("OK\0");
    expect(dom0.ask("mkdir", `${path}\0`)).toBe("OK\0");
    expect(dom0.ask("rm", "/d\0")).toBe("OK\0");
    expect(dom0.ask("directory", "/\0")).toBe("tool\0");
  });

  test.each([0x8000_0000, 0xffff_ffff, 4097])(
    "xsa-420: a message that announces %i bytes ends the connection, and no other",
    (length) => {
      const host = new TestHost();
      const rogue = host.client();
      const header = encodeMessage({ type: 2, reqId: 0, txId: 0, payload: new Uint8Array(0) });
      putU32(header, 12, length);
      rogue.connection.receive(header);
      expect(rogue.closed).toBe("protocol");
      expect(host.dom0.ask("read", "/tool\0")).toBe("");
    },
  );
});

/** A daemon with one guest behind a page that the test writes itself. */
class RingGuestHost {
  readonly page = new Uint8Array(RING_PAGE.size);
  readonly dom0: TestClient;
  notify: () => void = () => {};
  readonly #tasks: (() => void)[] = [];

  constructor() {
    const rings: RingHost = {
      map: () => ({ page: this.page, unmap: () => {} }),
      bind: (_domid, _port, onEvent) => {
        this.notify = () => {
          onEvent();
          for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) task();
        };
        return { notify: () => {}, close: () => {} };
      },
      defer: (task) => void this.#tasks.push(task),
    };
    const host = new TestHost({ guests: ringGuests(rings) });
    host.create(5);
    this.dom0 = host.dom0;
    if (this.dom0.ask("introduce", "5\0" + "1\0" + "7\0") !== "OK\0") throw new Error("INTRODUCE");
  }
}
