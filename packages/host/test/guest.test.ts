import { CAPS, SHUTDOWN, STATE } from "@xenkit/abi";
import { createHost, type Host, isHostError } from "@xenkit/host";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, expectTypeOf, test } from "vitest";
import { storeClient, watchingClient } from "./support/store-client.ts";

const refused = (errno: string, message: string) =>
  expect.objectContaining({
    name: "HostError",
    code: "refused",
    message,
    details: expect.objectContaining({ errno }),
  });

describe("a guest's creation", () => {
  test("introduces it: the domain runs and @introduceDomain fires once", async () => {
    await using host = await createHost();
    const client = watchingClient(host);
    const guest = await host.createGuest({ name: "web" });
    expect(client.events()).toEqual(["@introduceDomain i"]);
    expect(client.ask(MESSAGE.isDomainIntroduced, "1")).toBe("T\0");
    expect(host.domain(guest.domid)).toEqual({
      domid: 1,
      name: "web",
      state: STATE.exist,
      caps: 0,
      uniqueId: 2n,
      paused: false,
      shutdownReason: undefined,
    });
  });

  test("writes a home that is dom0's, that the guest may read, and in which some nodes are its own", async () => {
    await using host = await createHost();
    await host.createGuest({ domid: 9, vcpus: 2 });
    const client = storeClient(host);
    const home = "/local/domain/9";
    const perms = (path: string): string => client.ask(MESSAGE.getPerms, `${home}${path}`);
    expect(perms("")).toBe("n0\0r9\0");
    expect(perms("/control")).toBe("n0\0r9\0");
    expect(perms("/control/shutdown")).toBe("n9\0");
    expect(perms("/data")).toBe("n9\0");
    expect(client.ask(MESSAGE.read, `${home}/name`)).toBe("guest-9");
    expect(client.ask(MESSAGE.read, `${home}/domid`)).toBe("9");
    expect(client.ask(MESSAGE.directory, `${home}/cpu`)).toBe("0\0" + "1\0");
    expect(client.ask(MESSAGE.read, `${home}/store/ring-ref`)).toBe("1");
    const port = Number(client.ask(MESSAGE.read, `${home}/store/port`));
    expect(host.hypervisor.eventChannels(9).count).toBe(port);
  });

  test("clears a home that somebody left for its domid", async () => {
    await using host = await createHost();
    host.store.write("/local/domain/1/secret", "of another");
    await host.createGuest();
    expect(host.store.read("/local/domain/1/secret")).toBeUndefined();
  });

  test("takes a domid, capabilities and a wish to stay paused", async () => {
    await using host = await createHost();
    await host.createGuest({ domid: 32751, xenstore: true, paused: true });
    expect(host.domain(32751)).toMatchObject({ caps: CAPS.xenstore, paused: true });
  });

  test("is refused for a domid in use, and changes nothing", async () => {
    await using host = await createHost({ domains: 1 });
    const before = host.domains();
    await expect(host.createGuest({ domid: 1 })).rejects.toThrow(
      refused("EEXIST", "domid 1 is in use"),
    );
    expect(host.domains()).toEqual(before);
  });

  test("is refused when the host is full, and leaves nothing", async () => {
    await using host = await createHost({ domains: 2, limits: { domains: 3 } });
    await expect(host.createGuest()).rejects.toThrow(
      refused("ENOMEM", "the host has no room for another domain"),
    );
    expect(host.domains().length).toBe(3);
  });

  test("is undone when Xenstore refuses its part", async () => {
    await using host = await createHost();
    const client = watchingClient(host);
    // Longer than a message of the protocol.
    await expect(host.createGuest({ name: "x".repeat(5000) })).rejects.toThrow();
    expect(host.domains().map(({ domid }) => domid)).toEqual([0]);
    expect(host.store.read("/local/domain/1")).toBeUndefined();
    expect(client.events()).toEqual([]);
    const guest = await host.createGuest();
    expect(host.store.read(`/local/domain/${guest.domid}/name`)).toBe(`guest-${guest.domid}`);
  });
});

describe("a guest's shutdown", () => {
  test("fires @releaseDomain once, and keeps the domain and its home", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    const client = watchingClient(host);
    await guest.shutdown(SHUTDOWN.reboot);
    expect(client.events()).toEqual(["@releaseDomain r"]);
    expect(host.domain(1)).toMatchObject({
      name: "guest-1",
      state: STATE.exist | STATE.shutdown,
      shutdownReason: SHUTDOWN.reboot,
    });
    await guest.shutdown(SHUTDOWN.crash);
    expect(client.events()).toEqual([]);
    expect(host.domain(1)).toMatchObject({ shutdownReason: SHUTDOWN.reboot });
  });

  test("is undone by a resume; the next one fires again", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    const client = watchingClient(host);
    await guest.shutdown(SHUTDOWN.suspend);
    await guest.resume();
    expect(host.domain(1)).toMatchObject({ state: STATE.exist, shutdownReason: undefined });
    await guest.shutdown(SHUTDOWN.suspend);
    expect(client.events()).toEqual(["@releaseDomain r", "@releaseDomain r"]);
  });

  test.each([-1, 256, 1.5, Number.NaN])("refuses the reason %d", async (reason) => {
    await using host = await createHost();
    const guest = await host.createGuest();
    await expect(guest.shutdown(reason)).rejects.toThrow(
      expect.objectContaining({ code: "bad-option", details: { option: "reason" } }),
    );
    expect(host.domain(1)).toMatchObject({ state: STATE.exist });
  });
});

describe("a guest's destruction", () => {
  test("fires @releaseDomain, removes its home and all nodes it owned, and frees its domid", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    const client = watchingClient(host);
    host.store.write("/shared/of-guest", "1");
    host.store.setPerms("/shared/of-guest", ["n1"]);
    await guest.destroy();
    expect(client.events()).toEqual(["@releaseDomain r"]);
    expect(host.store.read("/local/domain/1")).toBeUndefined();
    expect(host.store.read("/shared/of-guest")).toBeUndefined();
    expect(host.store.isIntroduced(1)).toBe(false);
    expect(guest.exists).toBe(false);
    expect((await host.createGuest({ domid: 1 })).uniqueId).toBe(3n);
  });

  test("takes all the hypervisor's steps", async () => {
    await using host = await createHost({ hypervisor: { teardownSteps: 5 } });
    const guest = await host.createGuest();
    await guest.destroy();
    expect(host.guest(1)).toBeUndefined();
  });

  test("leaves a zombie while somebody holds a reference, which Xenstore no longer serves", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    const client = watchingClient(host);
    host.hypervisor.holdReference(1);
    await guest.destroy();
    expect(host.domain(1)).toMatchObject({ state: STATE.exist | STATE.dead, name: undefined });
    expect(host.store.isIntroduced(1)).toBe(false);
    expect(client.events()).toEqual(["@releaseDomain r"]);
    host.hypervisor.releaseReference(1);
    expect(host.domain(1)).toBeUndefined();
    expect(client.events()).toEqual([]);
  });
});

describe("a guest's handle", () => {
  test("pauses and unpauses; more unpauses than pauses are refused", async () => {
    await using host = await createHost();
    const guest = await host.createGuest();
    await guest.pause();
    expect(host.domain(1)).toMatchObject({ paused: true });
    await guest.unpause();
    expect(host.domain(1)).toMatchObject({ paused: false });
    await expect(guest.unpause()).rejects.toThrow(refused("EINVAL", "domain 1 is not paused"));
  });

  const deeds = ["pause", "unpause", "shutdown", "resume", "destroy"] as const;
  test.each(deeds)("does not %s another domain that has its domid now", async (deed) => {
    await using host = await createHost();
    const first = await host.createGuest({ domid: 5 });
    await first.destroy();
    await host.createGuest({ domid: 5 });
    const before = host.domain(5);
    const failure = await first[deed]().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "gone", details: { domid: 5, uniqueId: 2n } });
    expect(host.domain(5)).toEqual(before);
  });

  test("is found by domid, whoever created the domain; dom0 has none", async () => {
    await using host = await createHost();
    const domid = host.hypervisor.createDomain({ domid: 44 });
    await host.guest(domid)?.destroy();
    expect(host.hypervisor.domain(44)).toBeUndefined();
    expect(host.guest(0)).toBeUndefined();
    expect(host.guest(44)).toBeUndefined();
  });

  test("resumes a domain that Xenstore does not know", async () => {
    await using host = await createHost();
    const domid = host.hypervisor.createDomain();
    host.hypervisor.shutdownDomain(domid);
    await host.guest(domid)?.resume();
    expect(host.tracker.get(domid)).toMatchObject({ state: STATE.exist });
  });
});

test("an error of the host narrows by its code", () => {
  const error: unknown = new Error();
  expect(isHostError(error)).toBe(false);
  if (isHostError(error, "refused")) expectTypeOf(error.details.errno).toEqualTypeOf<string>();
  if (isHostError(error, "gone")) expectTypeOf(error.details.uniqueId).toEqualTypeOf<bigint>();
  expectTypeOf<Host>().toExtend<AsyncDisposable>();
});
