import { connect, parsePermissions } from "@xenkit/xenstore-client";
import { memory } from "@xenkit/xenstore-client/memory";
import { guestRing } from "@xenkit/xenstore-client/ring";
import { describe, expect, test } from "vitest";
import { emulate } from "./emulated.ts";
import { coded } from "./suite/context.ts";

/** A guest with a home of its own, introduced, and clients of both domains. */
const start = async () => {
  const { hypervisor, store, openPort } = emulate();
  const dom0 = await connect(memory(store));
  const domid = hypervisor.createDomain();
  const port = openPort(domid);
  const home = await dom0.domainPath(domid);
  await dom0.mkdir(home);
  await dom0.setPerms(home, parsePermissions([`n${domid}`]));
  await dom0.introduce(domid, 0xfeffc, port);
  const page = hypervisor.ringPage(domid);
  const transport = guestRing({ page, events: hypervisor.eventChannels(domid), port });
  return { dom0, home, domid, transport, guest: await connect(transport) };
};

describe("an unprivileged guest", () => {
  test("lives in its home, by relative paths", async () => {
    const { dom0, guest, home } = await start();
    await guest.write("data/os", "NetBSD");
    expect(await dom0.read(`${home}/data/os`)).toBe("NetBSD");
    expect(await guest.list("data")).toEqual(["os"]);
    expect(await guest.domainPath(1)).toBe("/local/domain/1");
    await guest.close();
  });

  test("is told EACCES where it may not look", async () => {
    const { guest, dom0 } = await start();
    await dom0.write("/secret", "x");
    await expect(guest.read("/secret")).rejects.toEqual(coded("EACCES"));
    await expect(guest.exists("/nope")).rejects.toEqual(coded("EACCES"));
    await expect(guest.introduce(9, 1, 1)).rejects.toEqual(coded("EACCES"));
    await guest.close();
  });

  test("sees a tree without what it may not read", async () => {
    const { guest, dom0, home, domid } = await start();
    await guest.write("data/a", "1");
    await dom0.write(`${home}/data/hidden/b`, "2");
    await dom0.setPerms(`${home}/data/hidden`, parsePermissions(["n0"]));
    await dom0.setPerms(`${home}/data/hidden/b`, parsePermissions(["n0"]));
    const tree = await guest.tree("data");
    expect(tree.children).toEqual([
      { path: "data/a", name: "a", value: "1", children: [] },
      { path: "data/hidden", name: "hidden", value: undefined, children: [] },
    ]);
    const walked: unknown[] = [];
    for await (const { path, value } of guest.walk(`/local/domain/${domid}/data`)) {
      walked.push([path, value]);
    }
    expect(walked).toEqual([
      [`${home}/data`, ""],
      [`${home}/data/a`, "1"],
      [`${home}/data/hidden`, undefined],
    ]);
    await guest.close();
  });

  test("is told of a quota by its code", async () => {
    const { guest, dom0, domid } = await start();
    await dom0.setDomainQuota(domid, "watches", 2);
    const watches = [1, 2, 3].map(() => guest.watch("data"));
    await watches[1]?.ready;
    await expect(watches[2]?.ready).rejects.toEqual(coded("ENOSPC"));
    await guest.close();
  });

  test("leaves nothing at the server when it closes, and finds nothing of its predecessor", async () => {
    const { guest, dom0, domid, transport } = await start();
    await dom0.setDomainQuota(domid, "transactions", 1);
    await dom0.setDomainQuota(domid, "watches", 1);
    await guest.begin();
    await guest.watch("data").ready;
    await guest.close();
    const second = await connect(transport);
    await second.begin();
    await second.watch("data").ready;
    // As when the guest's kernel crashes: nothing is taken back.
    second.destroy();
    const third = await connect(transport);
    await using tx = await third.begin();
    await third.watch("data").ready;
    expect(tx.ended).toBe(false);
    await third.close();
  });
});
