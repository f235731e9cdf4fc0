import { ManualClock } from "@xenkit/store-replay";
import { joinStrings } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { TestHost } from "./client.ts";

const tracing = (...commands: readonly string[]): TestHost => {
  const host = new TestHost({ clock: new ManualClock() });
  for (const command of commands)
    expect(host.dom0.ask("control", joinStrings(["log", command]))).toBe("OK\0");
  host.lines.length = 0;
  return host;
};

describe("the switches of CONTROL log", () => {
  test("do nothing before tracing is on", () => {
    const host = tracing("+wrl", "+io", "+obj");
    host.client().ask("watch", "/a\0t\0");
    expect(host.lines).toEqual([]);
  });

  test("io tells each request, with how it ended", () => {
    const host = tracing("on", "-obj");
    host.dom0.ask("read", "/a\0");
    host.dom0.ask("write", "/a\0v");
    expect(host.lines).toEqual([
      'io: socket of domain 0: type 2, tx 0, "/a": ENOENT',
      'io: socket of domain 0: type 11, tx 0, "/a": OK',
    ]);
  });

  test("obj tells connections, watches and transactions that come and go", () => {
    const host = tracing("on", "-io");
    host.lines.length = 0;
    const client = host.client();
    client.ask("watch", "/a\0t\0");
    client.ask("unwatch", "/a\0t\0");
    client.ask("watch", "/b\0t\0");
    client.ask("transactionStart", "\0");
    client.ask("transactionEnd", "F\0", 1);
    client.connection.close();
    expect(host.lines).toEqual([
      "obj: connection 2, socket of domain 0, opened",
      "obj: connection 2: watch /a set",
      "obj: connection 2: watch /a removed",
      "obj: connection 2: watch /b set",
      "obj: connection 2: transaction 1 begins",
      "obj: connection 2: transaction 1 has ended",
      "obj: connection 2: watch /b removed",
      "obj: connection 2 closed",
    ]);
  });

  test("wrl tells when a guest waits for its write rate, once until it goes on", () => {
    const host = tracing("on", "+wrl", "-io", "-obj");
    const guest = host.guest(5);
    host.dom0.ask("transactionStart", "\0");
    for (let count = 0; count < 100; count += 1) guest.send("mkdir", `${count % 7}\0`);
    for (let count = 0; count < 100; count += 1) {
      guest.receive();
      guest.send("write", `${count}\0`);
    }
    expect(host.lines).toEqual(["wrl: domain 5 waits for its write rate"]);
  });
});
