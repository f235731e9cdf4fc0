import { createHypervisor, GNTREF, type Hypervisor } from "@xenkit/hypervisor";
import { RingClient } from "@xenkit/store-replay";
import { DomainTracker, openXenmanage } from "@xenkit/xenmanage";
import {
  encodeMessage,
  FrameReader,
  getU32,
  joinStrings,
  MESSAGE,
  RING_PAGE,
} from "@xenkit/xenstore-wire";
import {
  createStoreDaemon,
  followTracker,
  type RingHost,
  ringGuests,
  trackedDomains,
} from "@xenkit/xenstored";
import { describe, expect, test } from "vitest";
import { TestClient } from "./client.ts";

const DOM0 = 0;

/** The daemon's rings on the emulator, as dom0. */
const emulatedRings = (hypervisor: Hypervisor, defer: (task: () => void) => void): RingHost => ({
  defer,
  map: (domid) => {
    try {
      const { handle, page } = hypervisor.mapGrant(DOM0, domid, GNTREF.xenstore);
      return { page, unmap: () => hypervisor.unmap(handle) };
    } catch {
      return undefined;
    }
  },
  bind: (domid, remotePort, onEvent) => {
    const channels = hypervisor.eventChannels(DOM0);
    try {
      const port = channels.bindInterdomain(domid, remotePort);
      channels.onPort(port, () => {
        channels.clearPending(port);
        onEvent();
        channels.unmask(port);
      });
      // A port is pending from the moment it is bound.
      channels.clearPending(port);
      return { notify: () => channels.notify(port), close: () => channels.close(port) };
    } catch {
      return undefined;
    }
  },
});

class EmulatedHost {
  readonly hypervisor = createHypervisor();
  readonly dom0: TestClient;
  readonly #tasks: (() => void)[] = [];

  constructor() {
    const { hypervisor } = this;
    const manage = openXenmanage({
      hypercall: (op, buffer) => hypervisor.hypercall(DOM0, op, buffer),
    });
    const onError = (error: unknown): never => {
      throw error;
    };
    const events = hypervisor.eventChannels(DOM0);
    const tracker = new DomainTracker({ manage, events, onError });
    const defer = (task: () => void): void => {
      this.#tasks.push(task);
    };
    const daemon = createStoreDaemon({
      domains: trackedDomains(tracker),
      guests: ringGuests(emulatedRings(hypervisor, defer)),
    });
    followTracker(daemon, tracker);
    tracker.start();
    this.dom0 = new TestClient((sink) => daemon.connect(sink));
  }

  settle(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
  }

  /** A domain with a ring, introduced; what the guest says goes through its event channel. */
  guest(): {
    readonly domid: number;
    readonly page: Uint8Array;
    readonly ask: (type: number, payload: string) => string[];
  } {
    const { hypervisor, dom0 } = this;
    const domid = hypervisor.createDomain({});
    const page = hypervisor.ringPage(domid);
    const channels = hypervisor.eventChannels(domid);
    const port = channels.allocUnbound(DOM0);
    dom0.ask("write", `/local/domain/${domid}\0`);
    dom0.ask("setPerms", joinStrings([`/local/domain/${domid}`, `n${domid}`]));
    expect(dom0.ask("introduce", joinStrings([`${domid}`, "1", `${port}`]))).toBe("OK\0");
    const ring = new RingClient({
      page: () => page,
      notify: () => {
        channels.notify(port);
        this.settle();
      },
    });
    const reader = new FrameReader();
    const ask = (type: number, payload: string): string[] => {
      ring.send(
        encodeMessage({ type, reqId: 0, txId: 0, payload: Buffer.from(payload, "latin1") }),
      );
      reader.push(ring.take());
      const replies: string[] = [];
      while (reader.next()) replies.push(Buffer.from(reader.payload).toString("latin1"));
      return replies;
    };
    return { domid, page, ask };
  }
}

describe("a daemon on the emulated hypervisor", () => {
  test("serves a guest through its page and its event channel, messages longer than the ring too", () => {
    const host = new EmulatedHost();
    const guest = host.guest();
    const value = "v".repeat(2000);
    expect(guest.ask(MESSAGE.write, `data\0${value}`)).toEqual(["OK\0"]);
    expect(guest.ask(MESSAGE.read, "data\0")).toEqual([value]);
    expect(host.dom0.ask("read", `/local/domain/${guest.domid}/data\0`)).toBe(value);
    expect(guest.ask(MESSAGE.read, "/tool\0")).toEqual(["EACCES\0"]);
    expect(getU32(guest.page, RING_PAGE.features)).toBe(14);
  });

  test("tells a shutdown and a destruction once each, lets go of the page, and the domid is free", () => {
    const host = new EmulatedHost();
    const { domid } = host.guest();
    host.dom0.ask("watch", joinStrings(["@releaseDomain", "t"]));
    host.dom0.takeEvents();
    host.hypervisor.shutdownDomain(domid, 0);
    host.settle();
    expect(host.dom0.takeEvents()).toEqual(["@releaseDomain t"]);
    host.hypervisor.destroyDomain(domid);
    host.settle();
    expect(host.dom0.takeEvents()).toEqual(["@releaseDomain t"]);
    expect(host.dom0.ask("directory", "/local/domain\0")).toBe("");
    expect(host.hypervisor.domain(domid)).toBeUndefined();
  });

  test("refuses to introduce what it cannot reach, and holds nothing of it", () => {
    const host = new EmulatedHost();
    const domid = host.hypervisor.createDomain({});
    const introduce = (): string => host.dom0.ask("introduce", joinStrings([`${domid}`, "1", "7"]));
    expect(introduce()).toBe("EINVAL");
    host.hypervisor.ringPage(domid);
    expect(introduce()).toBe("EINVAL");
    host.hypervisor.destroyDomain(domid);
    expect(host.hypervisor.domain(domid)).toBeUndefined();
  });
});
