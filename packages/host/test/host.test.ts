import { STATE } from "@xenkit/abi";
import { createHost, type Host, type HostOptions } from "@xenkit/host";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { SILENT_GUESTS } from "@xenkit/xenstored";
import { describe, expect, test } from "vitest";
import { storeClient, watchingClient } from "./support/store-client.ts";

/** A host whose events wait until `deliver` is called: time between two drains. */
const hostWithHeldEvents = async (options: HostOptions = {}) => {
  let waiting: (() => void)[] = [];
  const host = await createHost({
    ...options,
    hypervisor: { deliver: (flush) => void waiting.push(flush) },
  });
  const deliver = async (): Promise<void> => {
    const now = waiting;
    waiting = [];
    for (const flush of now) flush();
    // What the daemon has for other clients reaches them when it has returned.
    await Promise.resolve();
  };
  return { host, deliver };
};

/** `kind domid name`, and what follows, of every change. */
const changesOf = (host: Host): string[] => {
  const changes: string[] = [];
  host.onChange(({ kind, domain }, name) => {
    changes.push(`${kind} ${domain.domid} ${name}`);
  });
  return changes;
};

describe("a host", () => {
  test("has dom0 with a name, and the guests it was asked for", async () => {
    await using host = await createHost({ domains: 2 });
    expect(host.domains().map(({ domid, name }) => [domid, name])).toEqual([
      [0, "Domain-0"],
      [1, "guest-1"],
      [2, "guest-2"],
    ]);
  });

  test.each(["4.21", "4.22"] as const)("is of release %s", async (release) => {
    await using host = await createHost({ release, domains: 1 });
    expect(host.hypervisor.release).toBe(release);
    expect(host.tracker.size).toBe(2);
  });

  test("gives unique ids by either policy", async () => {
    await using sequence = await createHost({ domains: 2 });
    expect(sequence.domains().map(({ uniqueId }) => uniqueId)).toEqual([1n, 2n, 3n]);
    await using xorshift = await createHost({
      uniqueIds: "xorshift",
      clock: () => 77n,
      domains: 2,
    });
    const ids = xorshift.domains().map(({ uniqueId }) => uniqueId);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id > 3n)).toBe(true);
  });

  test("does the same whenever the same is done to it", async () => {
    const life = async () => {
      await using host = await createHost({ uniqueIds: "xorshift", domains: 3 });
      const changes = changesOf(host);
      await host.guest(2)?.shutdown(3);
      await host.guest(1)?.destroy();
      await host.createGuest({ domid: 1 });
      return { state: host.hypervisor.dump(), changes, domains: host.domains() };
    };
    expect(await life()).toEqual(await life());
  });

  test.each([-1, 1.5, Number.NaN])("refuses to be made with %d guests", async (domains) => {
    await expect(createHost({ domains })).rejects.toThrow(
      expect.objectContaining({ code: "bad-option", details: { option: "domains" } }),
    );
  });

  test("follows no domain any more once it is disposed", async () => {
    const host = await createHost({ domains: 1 });
    const changes = changesOf(host);
    await host[Symbol.asyncDispose]();
    host.hypervisor.shutdownDomain(1);
    expect({ changes, running: host.tracker.running }).toEqual({ changes: [], running: false });
    expect(host.hypervisor.changedCount).toBeUndefined();
  });

  test("goes down with dom0: what is asked of it then says so, and it can still be disposed", async () => {
    const host = await createHost({ domains: 1 });
    const guest = host.guest(1);
    host.hypervisor.shutdownDomain(0);
    const down = expect.objectContaining({ code: "closed", details: { what: "host" } });
    await expect(host.createGuest()).rejects.toThrow(down);
    await expect(guest?.shutdown()).rejects.toThrow(down);
    await host[Symbol.asyncDispose]();
  });

  test("hands what a listener throws to onError, and tells the other listeners", async () => {
    const errors: unknown[] = [];
    await using host = await createHost({ onError: (error) => void errors.push(error) });
    const failure = new Error("listener");
    host.onChange(() => {
      throw failure;
    });
    const changes = changesOf(host);
    await host.createGuest();
    expect({ errors, changes }).toEqual({ errors: [failure], changes: ["appeared 1 guest-1"] });
  });
});

describe("a host's changes", () => {
  test("tell a guest's whole life with its name, also when Xenstore has it no more", async () => {
    await using host = await createHost();
    const changes = changesOf(host);
    const guest = await host.createGuest({ name: "web" });
    await guest.pause();
    await guest.shutdown();
    await guest.resume();
    await guest.destroy();
    expect(changes).toEqual([
      "appeared 1 web",
      "shutdown 1 web",
      "resumed 1 web",
      "dead 1 web",
      "gone 1 web",
    ]);
  });

  test("end when asked", async () => {
    await using host = await createHost();
    const seen: string[] = [];
    const end = host.onChange(({ kind }) => void seen.push(kind));
    await host.createGuest();
    end();
    await host.createGuest();
    expect(seen).toEqual(["appeared"]);
  });

  test("notice a domid that was reused between two drains", async () => {
    const { host, deliver } = await hostWithHeldEvents({
      domains: 1,
      store: { guests: SILENT_GUESTS },
    });
    await using _ = host;
    const changes = changesOf(host);
    const client = watchingClient(host);
    host.hypervisor.destroyDomain(1);
    host.hypervisor.createDomain({ domid: 1 });
    expect(changes).toEqual([]);
    await deliver();
    expect(changes).toEqual(["replaced 1 undefined"]);
    expect(client.events()).toEqual(["@releaseDomain r"]);
    expect(host.store.isIntroduced(1)).toBe(false);
    expect(host.store.read("/local/domain/1/data")).toBeUndefined();
  });

  test("notice it too when the new domain is a guest, introduced before any event came", async () => {
    const { host, deliver } = await hostWithHeldEvents({
      domains: 1,
      store: { guests: SILENT_GUESTS },
    });
    await using _ = host;
    const client = watchingClient(host);
    await host.guest(1)?.destroy();
    const guest = await host.createGuest({ domid: 1, name: "second" });
    await deliver();
    expect(client.events()).toEqual(["@releaseDomain r", "@introduceDomain i"]);
    expect(host.store.isIntroduced(1)).toBe(true);
    expect(host.store.read("/local/domain/1/name")).toBe("second");
    await guest.shutdown();
    await deliver();
    expect(client.events()).toEqual(["@releaseDomain r"]);
  });
});

describe("a host's Xenstore daemon", () => {
  test("learns of a shutdown by VIRQ_DOM_EXC only: nothing happens before the event arrives", async () => {
    const { host, deliver } = await hostWithHeldEvents({ domains: 1 });
    await using _ = host;
    const client = watchingClient(host);
    await host.guest(1)?.shutdown();
    expect(host.tracker.get(1)).toMatchObject({ state: STATE.exist });
    expect(client.events()).toEqual([]);
    await deliver();
    expect(host.tracker.get(1)).toMatchObject({ state: STATE.exist | STATE.shutdown });
    expect(client.events()).toEqual(["@releaseDomain r"]);
  });

  test("fires one plain @releaseDomain for all that shut down before one drain", async () => {
    const { host, deliver } = await hostWithHeldEvents({ domains: 5 });
    await using _ = host;
    const client = storeClient(host);
    client.ask(MESSAGE.watch, "@releaseDomain", "plain");
    client.ask(MESSAGE.watch, "@releaseDomain", "deep", "1");
    client.events();
    for (const domid of [1, 3, 5]) await host.guest(domid)?.shutdown();
    await deliver();
    expect(client.events()).toEqual([
      "@releaseDomain/1 deep",
      "@releaseDomain/3 deep",
      "@releaseDomain/5 deep",
      "@releaseDomain plain",
    ]);
  });
});
