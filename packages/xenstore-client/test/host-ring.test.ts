import { createHost } from "@xenkit/host";
import { connect } from "@xenkit/xenstore-client";
import { guestRing } from "@xenkit/xenstore-client/ring";
import { getU32, putU32, RING_PAGE, RING_SIZE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";

describe("a guest's own Xenstore, through its ring page and its event channel", () => {
  test("reads what the toolstack wrote, writes what is its own, and may do no more", async () => {
    await using host = await createHost();
    const guest = await host.createGuest({ name: "web" });
    await using store = await connect(guestRing(guest.ring));
    expect(await store.read("name")).toBe("web");
    await store.write("data/answer", "42");
    expect(host.store.read("/local/domain/1/data/answer")).toBe("42");
    await expect(store.write("name", "other")).rejects.toMatchObject({
      details: { name: "EACCES" },
    });
    await expect(store.read("/local/domain/0/name")).rejects.toMatchObject({
      details: { name: "EACCES" },
    });
    expect(getU32(guest.ring.page, RING_PAGE.features)).toBe(14);
  });

  test("hears of a shutdown that the toolstack asks for", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    await using store = await connect(guestRing(guest.ring));
    const asked = store.waitFor(
      "control/shutdown",
      (value) => value !== undefined && value.length > 0,
    );
    host.store.write("/local/domain/1/control/shutdown", "poweroff");
    expect(await asked).toBe("poweroff");
  });

  test("is let go when the guest is destroyed: its page and its port are free, nothing is left of it", async () => {
    await using host = await createHost();
    const before = host.hypervisor.eventChannels(0).count;
    for (let round = 0; round < 3; round += 1) {
      const guest = await host.createGuest();
      await using store = await connect(guestRing(guest.ring));
      await store.write("data/x", "1");
      await guest.destroy();
      expect(host.hypervisor.domain(guest.domid)).toBeUndefined();
      expect(() => guest.ring).toThrow(expect.objectContaining({ code: "gone" }));
    }
    expect(host.hypervisor.eventChannels(0).count).toBe(before);
    expect(host.store.daemon.usages().map(({ domid }) => domid)).toEqual([0]);
  });

  test("begins anew when a guest that may reconnect does: no watch, transaction or half message is left", async () => {
    await using host = await createHost({ store: { reconnection: "offered" } });
    const guest = await host.createGuest();
    const { page, events, port } = guest.ring;
    expect(getU32(page, RING_PAGE.features)).toBe(15);
    const first = await connect(guestRing(guest.ring));
    await first.write("data/x", "1");
    const watch = first.watch("data");
    await watch.next();
    await first.begin();
    const usage = (quota: "watches" | "transactions") =>
      host.store.daemon.usage(guest.domid)?.quotas[quota].used;
    expect([usage("watches"), usage("transactions")]).toEqual([1, 1]);
    // The guest crashes in the middle of a message, and boots again.
    page.set([1, 2, 3], RING_PAGE.request + (getU32(page, RING_PAGE.requestProducer) % RING_SIZE));
    putU32(page, RING_PAGE.requestProducer, getU32(page, RING_PAGE.requestProducer) + 3);
    events.notify(port);
    await using second = await connect(guestRing(guest.ring));
    expect(await second.read("data/x")).toBe("1");
    expect([usage("watches"), usage("transactions")]).toEqual([0, 0]);
    expect(getU32(page, RING_PAGE.connection)).toBe(0);
  });

  test("is not offered reconnection unless asked for, as by Xen's C daemon: the field is left alone", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    const { page, events, port } = guest.ring;
    putU32(page, RING_PAGE.connection, 1);
    events.notify(port);
    await Promise.resolve();
    expect(getU32(page, RING_PAGE.connection)).toBe(1);
  });
});
