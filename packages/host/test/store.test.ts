import { createHost } from "@xenkit/host";
import { binary, encodeMessage, FrameReader, MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { storeClient } from "./support/store-client.ts";

const refused = (errno: string) =>
  expect.objectContaining({ code: "refused", details: expect.objectContaining({ errno }) });

describe("the store of a host, as the toolstack uses it", () => {
  test("reads what it wrote, as text", async () => {
    await using host = await createHost();
    host.store.write("/a/b", "grüße");
    expect(host.store.read("/a/b")).toBe("grüße");
    expect(host.store.read("/a")).toBe("");
    expect(host.store.read("/b")).toBeUndefined();
  });

  test("removes a node with all below it, and nothing where there is none", async () => {
    await using host = await createHost();
    host.store.write("/a/b/c", "");
    host.store.remove("/a/b");
    host.store.remove("/a/b");
    host.store.remove("/x/y");
    expect(host.store.read("/a/b/c")).toBeUndefined();
    expect(host.store.read("/a")).toBe("");
  });

  test("throws what the daemon refuses, by name", async () => {
    await using host = await createHost();
    expect(() => host.store.write("no/../path", "")).toThrow(refused("EINVAL"));
    expect(() => host.store.setPerms("/nowhere", ["n0"])).toThrow(refused("ENOENT"));
    expect(() => host.store.introduce(77, 1, 1)).toThrow(refused("EINVAL"));
    expect(() => host.store.resume(77)).toThrow(refused("ENOENT"));
  });

  test("does all of a transaction, or nothing", async () => {
    await using host = await createHost();
    host.store.transaction((inside) => {
      inside.write("/t/1", "one");
      inside.write("/t/2", "two");
      expect(host.store.read("/t/1")).toBeUndefined();
    });
    expect(host.store.read("/t/2")).toBe("two");
    const stop = new Error("stop");
    const failing = (): void =>
      host.store.transaction((inside) => {
        inside.remove("/t");
        throw stop;
      });
    expect(failing).toThrow(stop);
    expect(host.store.read("/t/1")).toBe("one");
  });

  test("throws EAGAIN for a transaction that read what has changed, and does nothing of it", async () => {
    await using host = await createHost();
    const conflicting = (): void =>
      host.store.transaction((inside) => {
        inside.read("/c");
        inside.write("/c", "inside");
        host.store.write("/c", "outside");
      });
    expect(conflicting).toThrow(refused("EAGAIN"));
    expect(host.store.read("/c")).toBe("outside");
  });
});

describe("a connection to the store of a host", () => {
  const read = (path: string, reqId = 0): Uint8Array =>
    encodeMessage({
      type: MESSAGE.read,
      reqId,
      txId: 0,
      payload: new TextEncoder().encode(`${path}\0`),
    });

  test("takes bytes split anywhere, and answers before send returns", async () => {
    await using host = await createHost();
    const reader = new FrameReader();
    const link = host.store.connect({ bytes: (bytes) => reader.push(bytes) });
    const request = read("/local/domain/0/name", 7);
    for (const byte of request) {
      expect(reader.pending).toBe(0);
      link.send(Uint8Array.of(byte));
    }
    expect(reader.next()).toBe(true);
    expect({ reqId: reader.reqId, value: binary(reader.payload) }).toEqual({
      reqId: 7,
      value: "Domain-0",
    });
  });

  test("answers many requests at once, though it stops reading while replies wait", async () => {
    await using host = await createHost();
    host.store.write("/big", "x".repeat(4000));
    const reader = new FrameReader();
    const link = host.store.connect({ bytes: (bytes) => reader.push(bytes) });
    const requests = Array.from({ length: 100 }, (_, at) => read("/big", at));
    link.send(Uint8Array.from(requests.flatMap((bytes) => [...bytes])));
    const answered: number[] = [];
    while (reader.next()) answered.push(reader.reqId);
    expect(answered).toEqual(requests.map((_, at) => at));
  });

  test("keeps nothing of the bytes it was given", async () => {
    await using host = await createHost();
    const client = storeClient(host);
    const request = read("/local/domain/0/name");
    client.link.send(request.subarray(0, 20));
    const rest = request.slice(20);
    request.fill(0xff);
    client.link.send(rest);
    expect(client.ask(MESSAGE.read, "/local/domain/0/domid")).toBe("0");
  });

  test("hears of what others do, soon", async () => {
    await using host = await createHost();
    const client = storeClient(host);
    client.ask(MESSAGE.watch, "/a", "token");
    client.events();
    host.store.write("/a/b", "1");
    expect(client.events()).toEqual([]);
    await Promise.resolve();
    expect(client.events()).toEqual(["/a/b token"]);
  });

  test("is closed for breaking the protocol, and says so once", async () => {
    await using host = await createHost();
    const reasons: string[] = [];
    const link = host.store.connect({
      bytes: () => {},
      closed: (reason) => void reasons.push(reason),
    });
    link.send(new Uint8Array(16).fill(0xff));
    link.send(read("/"));
    await Promise.resolve();
    expect({ reasons, closed: link.closed }).toEqual({ reasons: ["protocol"], closed: true });
  });

  test("ends with all its watches when its client closes it", async () => {
    await using host = await createHost();
    const before = host.store.daemon.counts.connections;
    const client = storeClient(host);
    client.ask(MESSAGE.watch, "/a", "token");
    client.events();
    client.link.close();
    host.store.write("/a", "1");
    await Promise.resolve();
    expect(client.events()).toEqual([]);
    expect(client.link.closed).toBe(true);
    expect(host.store.daemon.counts.connections).toBe(before);
  });
});
