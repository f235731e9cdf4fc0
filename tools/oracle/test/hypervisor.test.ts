import { available, connectSocket, type Peer, startDaemon } from "@xenkit/oracle";
import { describe, expect, test } from "vitest";
import { ask, createGuest, KINDS, textOf } from "./support.ts";

const watchRelease = async (dom0: Peer): Promise<() => Promise<string>> => {
  expect(await ask(dom0, "watch", "@releaseDomain\0gone\0")).toBe("OK\0");
  const next = async (): Promise<string> => textOf(await dom0.receive());
  expect(await next()).toBe(RELEASE);
  return next;
};
const RELEASE = "@releaseDomain\0gone\0";

describe.runIf(available()).each(KINDS)("domains of the real %s daemon", (kind) => {
  test("fire @releaseDomain when they shut down and when they are gone, and then their nodes are gone", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    const { hypervisor } = daemon;
    await createGuest(daemon, dom0, 5);
    expect(await ask(hypervisor.guest(5), "write", "data\0value")).toBe("OK\0");
    const next = await watchRelease(dom0);

    hypervisor.setState(5, { shutdown: true });
    hypervisor.raiseVirq();
    expect(await next()).toBe(RELEASE);
    expect(await ask(dom0, "read", "/local/domain/5/data\0")).toBe("value");
    expect(await ask(dom0, "isDomainIntroduced", "5\0")).toBe("T\0");

    hypervisor.destroy(5);
    hypervisor.raiseVirq();
    expect(await next()).toBe(RELEASE);
    expect(await ask(dom0, "read", "/local/domain/5/data\0")).toBe("!ENOENT");
    expect(await ask(dom0, "isDomainIntroduced", "5\0")).toBe("F\0");
  });

  test("are released when dead, not while dying", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    const { hypervisor } = daemon;
    await createGuest(daemon, dom0, 5);
    await createGuest(daemon, dom0, 6);
    const next = await watchRelease(dom0);

    hypervisor.setState(5, { dying: true });
    hypervisor.raiseVirq();
    // Proves that the VIRQ above was handled: this one comes after it.
    hypervisor.setState(6, { shutdown: true });
    hypervisor.raiseVirq();
    expect(await next()).toBe(RELEASE);
    expect(await ask(dom0, "isDomainIntroduced", "5\0")).toBe("T\0");
    expect(dom0.take()).toBeUndefined();

    hypervisor.setState(5, { dying: false, dead: true });
    hypervisor.raiseVirq();
    expect(await next()).toBe(RELEASE);
    expect(await ask(dom0, "isDomainIntroduced", "5\0")).toBe("F\0");
  });

  test("may have the domid of an earlier one, and start with an empty page", async () => {
    await using daemon = await startDaemon({ kind });
    await using dom0 = await connectSocket(daemon.socketPath);
    const { hypervisor } = daemon;
    await createGuest(daemon, dom0, 5);
    const old = hypervisor.guest(5);
    expect(await ask(old, "write", "data\0old")).toBe("OK\0");
    const next = await watchRelease(dom0);
    hypervisor.destroy(5);
    hypervisor.raiseVirq();
    await next();
    await expect(old.receive()).rejects.toMatchObject({ code: "closed" });

    await createGuest(daemon, dom0, 5);
    expect(await ask(hypervisor.guest(5), "read", "data\0")).toBe("!ENOENT");
    expect(await ask(hypervisor.guest(5), "write", "data\0new")).toBe("OK\0");
  });
});

describe.runIf(available())("the hypervisor", () => {
  test("gives each domain a new unique id, or the one asked for", async () => {
    await using daemon = await startDaemon({ kind: "c" });
    const { hypervisor } = daemon;
    const one = hypervisor.createDomain({ domid: 1 });
    const two = hypervisor.createDomain({ domid: 2, uniqueId: 2n ** 64n - 1n, caps: 4 });
    expect(one.uniqueId).not.toBe(two.uniqueId);
    expect(two).toMatchObject({ domid: 2, uniqueId: 2n ** 64n - 1n, caps: 4, port: 1 });
  });

  test.each([-1, 0x7ff0, 1.5, Number.NaN])("refuses the domid %d", async (domid) => {
    await using daemon = await startDaemon({ kind: "c" });
    expect(() => daemon.hypervisor.createDomain({ domid })).toThrow(
      expect.objectContaining({ code: "bad-domid", details: { domid } }),
    );
  });

  test("knows which domains there are", async () => {
    await using daemon = await startDaemon({ kind: "c" });
    const { hypervisor } = daemon;
    const unknown = expect.objectContaining({ code: "no-such-domain" });
    for (const use of [
      () => hypervisor.setState(7, { shutdown: true }),
      () => hypervisor.destroy(7),
      () => hypervisor.page(7),
      () => hypervisor.guest(7),
      () => hypervisor.notify(7),
      () => hypervisor.onNotify(7, () => {}),
    ])
      expect(use).toThrow(unknown);
    expect(() => hypervisor.createDomain({ domid: 0 })).toThrow(
      expect.objectContaining({ code: "domain-exists" }),
    );
  });

  test.each([
    { offset: -1, length: 4, why: "before the page" },
    { offset: 4093, length: 4, why: "across its end" },
    { offset: 0, length: 4097, why: "longer than it" },
  ])("refuses $length bytes at $offset: $why", async ({ offset, length }) => {
    await using daemon = await startDaemon({ kind: "c" });
    const page = daemon.hypervisor.page(0);
    expect(() => page.read(offset, length)).toThrow(
      expect.objectContaining({ code: "outside-page" }),
    );
    expect(() => page.write(offset, new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: "outside-page" }),
    );
  });
});
