import { available, connectSocket, exchange, startDaemon } from "@xenkit/oracle";
import { bytesOf, encodeMessage, MESSAGE, RING_PAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { ask, createGuest, introduce, KINDS, textOf, until } from "./support.ts";

const message = (request: keyof typeof MESSAGE, reqId: number, payload: string): Uint8Array =>
  encodeMessage({ type: MESSAGE[request], reqId, txId: 0, payload: bytesOf(payload) });

describe.runIf(available()).each(KINDS)("a guest of the real %s daemon", (kind) => {
  test("reads and writes through its ring, and is told of changes", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    await createGuest(daemon, dom0, 5);
    const guest = daemon.hypervisor.guest(5);

    expect(await ask(guest, "write", "data\0from the guest")).toBe("OK\0");
    expect(await ask(dom0, "read", "/local/domain/5/data\0")).toBe("from the guest");
    expect(await ask(guest, "watch", "data\0token\0")).toBe("OK\0");
    expect(textOf(await guest.receive())).toBe("data\0token\0");
    expect(await ask(dom0, "write", "/local/domain/5/data\0from dom0")).toBe("OK\0");
    expect(textOf(await guest.receive())).toBe("data\0token\0");
    expect(await ask(guest, "read", "data\0")).toBe("from dom0");
    expect(await ask(guest, "write", "/tool/x\0")).toBe("!EACCES");
    expect(guest.take()).toBeUndefined();
  });

  test("streams messages that are longer than the ring, in both directions", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    await createGuest(daemon, dom0, 5);
    const guest = daemon.hypervisor.guest(5);
    const value = "0123456789".repeat(200);
    expect(await ask(guest, "write", `long\0${value}`)).toBe("OK\0");
    expect(await ask(guest, "read", "long\0")).toBe(value);
  });

  test("loses no event and no byte with many requests under way", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    const talk = async (domid: number): Promise<void> => {
      await createGuest(daemon, dom0, domid);
      const guest = daemon.hypervisor.guest(domid);
      const requests = Array.from({ length: 300 }, (_, index) =>
        message("write", index, `data\0${"x".repeat(index)}`),
      );
      const sent = Promise.all(requests.map((request) => guest.send(request)));
      for (let index = 0; index < requests.length; index += 1)
        expect(await guest.receive()).toMatchObject({ type: MESSAGE.write, reqId: index });
      await sent;
    };
    await talk(5);
    await talk(6);
  });

  test("has a page that anybody may spoil: an index out of range ends its ring", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    await createGuest(daemon, dom0, 5);
    const { hypervisor } = daemon;
    const page = hypervisor.page(5);
    let events = 0;
    const end = hypervisor.onNotify(5, () => {
      events += 1;
    });
    page.write(RING_PAGE.request, message("read", 1, "/\0"));
    page.writeUint32(RING_PAGE.requestProducer, 18);
    hypervisor.notify(5);
    await until(() => page.readUint32(RING_PAGE.requestConsumer) === 18);
    await until(() => page.readUint32(RING_PAGE.responseProducer) > 0);
    await until(() => events > 0);
    end();

    page.writeUint32(RING_PAGE.requestProducer, 18 + 1025);
    hypervisor.notify(5);
    expect(await ask(dom0, "isDomainIntroduced", "5\0")).toBe("T\0");
    await expect(hypervisor.guest(5).send(bytesOf("x"))).rejects.toMatchObject({
      code: "ring-broken",
    });
  });

  test("begins anew when it is released and introduced again", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    const { hypervisor } = daemon;
    const domain = await createGuest(daemon, dom0, 5);
    const first = hypervisor.guest(5);
    expect(await ask(first, "write", "a\x001")).toBe("OK\0");
    await first.send(bytesOf("half a message"));
    const { page } = first;
    const read = (): boolean =>
      page.readUint32(RING_PAGE.requestConsumer) === page.readUint32(RING_PAGE.requestProducer);
    // The OCaml daemon keeps the indexes: what it had not read would be there still.
    await until(read);
    expect(await ask(dom0, "release", "5\0")).toBe("OK\0");
    first.close();
    await expect(first.receive()).rejects.toMatchObject({ code: "closed" });

    await introduce(dom0, domain);
    const second = hypervisor.guest(5);
    expect(second).not.toBe(first);
    expect(await ask(second, "read", "a\0")).toBe("!ENOENT");
  });

  test("is refused by INTRODUCE when there is no such domain, or no such port", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    expect(await ask(dom0, "introduce", "5\x001\x001\0")).toBe("!EINVAL");
    daemon.hypervisor.createDomain({ domid: 5, port: 4 });
    expect(await ask(dom0, "introduce", "5\x001\x001\0")).toBe("!EINVAL");
    expect(await ask(dom0, "introduce", "5\x001\x004\0")).toBe("OK\0");
  });

  test("is domain 0 itself, when it uses its ring", async () => {
    await using daemon = await startDaemon({ kind });
    const dom0 = daemon.hypervisor.guest(0);
    expect(await ask(dom0, "write", "/tool/x\0value")).toBe("OK\0");
    expect(await ask(dom0, "read", "/tool/x\0")).toBe("value");
  });
});

describe.runIf(available())("waiting for a message", () => {
  test("ends when the signal says so, and takes no message with it", async () => {
    await using daemon = await startDaemon({ kind: "c" });
    await using dom0 = await connectSocket(daemon.socketPath);
    const waiting = new AbortController();
    const message = dom0.receive({ signal: waiting.signal });
    waiting.abort(new Error("enough"));
    await expect(message).rejects.toThrow("enough");
    await expect(dom0.receive({ signal: waiting.signal })).rejects.toThrow("enough");
    expect(await ask(dom0, "read", "/\0")).toBe("");
  });

  test("ends when the connection does", async () => {
    await using daemon = await startDaemon({ kind: "c" });
    await using dom0 = await connectSocket(daemon.socketPath);
    const tooLong = new Uint8Array(16).fill(0xff);
    await dom0.send(tooLong);
    await expect(dom0.receive()).rejects.toMatchObject({ code: "closed" });
    await dom0.closed;
    await expect(dom0.send(tooLong)).rejects.toThrow();
  });

  test("shows events apart from the reply", async () => {
    await using daemon = await startDaemon({ kind: "c" });
    await using dom0 = await connectSocket(daemon.socketPath);
    await ask(dom0, "watch", "/a\0t\0");
    await dom0.receive();
    const { events, reply } = await exchange(dom0, {
      ...{ type: MESSAGE.write, reqId: 9, txId: 0 },
      payload: bytesOf("/a\0"),
    });
    expect(events.map(textOf)).toEqual(["/a\0t\0"]);
    expect(reply).toMatchObject({ type: MESSAGE.write, reqId: 9 });
  });
});
