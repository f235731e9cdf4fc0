import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHost, type Host } from "@xenkit/host";
import { listen, listenWebSocket } from "@xenkit/host/node";
import { XENSTORE_GFN } from "@xenkit/hypervisor";
import { available, type DaemonKind, startDaemon } from "@xenkit/oracle";
import type { Transport } from "@xenkit/xenstore-client";
import { memory } from "@xenkit/xenstore-client/memory";
import { guestRing, ring } from "@xenkit/xenstore-client/ring";
import { unix } from "@xenkit/xenstore-client/unix";
import { websocket } from "@xenkit/xenstore-client/websocket";
import { adoptDom0, emulate } from "./emulated.ts";

/** A domain that is there and not introduced. */
interface FreshDomain {
  readonly domid: number;
  readonly gfn: number;
  readonly port: number;
}

/** A server that runs, for one run of the suite. */
export interface Server extends AsyncDisposable {
  /** A way to it as domain 0. */
  transport(): Transport;
  createDomain(): FreshDomain;
}

/** Where servers answer differently: the suite asks this, not for names of servers. */
export interface Ways {
  /** The order of a child list. */
  readonly listOrder: "creation" | "other";
  /** A child list that is longer than a message. */
  readonly longLists: "whole" | "E2BIG";
  /** The largest value that domain 0 may write, for a path of 10 bytes. */
  readonly valueMax: number;
  /** GET_FEATURE, and so watch depth at the server. */
  readonly features: "yes" | "ENOSYS";
  /** GET_QUOTA and SET_QUOTA. */
  readonly quotas: "yes" | "ENOSYS";
  /** WRITE of `@name`. */
  readonly specialWrite: "EINVAL" | "done";
  /** RELEASE of a domain that is not introduced. */
  readonly releaseUnknown: "ENOENT" | "EINVAL";
  /** A command of CONTROL that every version has, and what its answer contains. */
  readonly control: readonly [command: string, answer: string];
}

export interface ServerKind {
  readonly name: string;
  readonly ways: Ways;
  start(): Promise<Server>;
}

const XENKIT: Ways = {
  listOrder: "creation",
  longLists: "whole",
  valueMax: 4085,
  features: "yes",
  quotas: "yes",
  specialWrite: "EINVAL",
  releaseUnknown: "ENOENT",
  control: ["help", "quota"],
};

/** The C daemon of Xen 4.17. */
const C: Ways = { ...XENKIT, features: "ENOSYS", quotas: "ENOSYS" };

/** The OCaml daemon of Xen 4.17. */
const OCAML: Ways = {
  ...C,
  listOrder: "other",
  valueMax: 2048,
  specialWrite: "done",
  releaseUnknown: "EINVAL",
  control: ["print", "OK"],
};

/** Its rings keep to the protocol's limit, and it knows no DIRECTORY_PART. */
const OCAML_RING: Ways = { ...OCAML, longLists: "E2BIG" };

const oracle = async (kind: DaemonKind, way: "socket" | "ring"): Promise<Server> => {
  const daemon = await startDaemon({ kind });
  const { hypervisor } = daemon;
  const overRing = (): Transport =>
    ring({
      memory: hypervisor.page(0),
      notify: () => hypervisor.notify(0),
      onNotify: (listener) => hypervisor.onNotify(0, listener),
    });
  let lastDomid = 0;
  return {
    transport: way === "socket" ? () => unix(daemon.socketPath) : overRing,
    createDomain: () => {
      lastDomid += 1;
      const { domid, port } = hypervisor.createDomain({ domid: lastDomid });
      return { domid, gfn: 1000 + domid, port };
    },
    [Symbol.asyncDispose]: () => daemon.stop(),
  };
};

/** How a host's store is reached, and what ends that. */
type Way = (
  host: Host,
  directory: string,
) => Promise<{ readonly transport: () => Transport; close(): Promise<void> }>;

const overSocket: Way = async (host, directory) => {
  const { path, close } = await listen(host, join(directory, "socket"));
  return { transport: () => unix(path), close };
};

const overWebSocket: Way = async (host) => {
  const { url, close } = await listenWebSocket(host);
  return { transport: () => websocket(url), close };
};

const inMemory: Way = async (host) => ({
  transport: () => memory(host.store),
  close: async () => {},
});

const ours = async (way: Way): Promise<Server> => {
  const host = await createHost();
  const directory = await mkdtemp(join(tmpdir(), "xenstore-client-"));
  const { transport, close } = await way(host, directory);
  const dom0 = host.hypervisor.eventChannels(0);
  return {
    transport,
    createDomain: () => {
      const domid = host.hypervisor.createDomain();
      host.hypervisor.ringPage(domid);
      const port = host.hypervisor.eventChannels(domid).allocUnbound(dom0.domid);
      return { domid, gfn: XENSTORE_GFN, port };
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      await host[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
};

/** Domain 0's own ring, page and event channel of the emulator. */
const oursOverRing = async (): Promise<Server> => {
  const emulated = emulate();
  const { hypervisor, openPort } = emulated;
  const port = adoptDom0(emulated);
  const page = hypervisor.ringPage(0);
  return {
    transport: () => guestRing({ page, events: hypervisor.eventChannels(0), port }),
    createDomain: () => {
      const domid = hypervisor.createDomain();
      return { domid, gfn: XENSTORE_GFN, port: openPort(domid) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
};

const ORACLES: readonly ServerKind[] = [
  { name: "the C daemon", ways: C, start: () => oracle("c", "socket") },
  { name: "the OCaml daemon", ways: OCAML, start: () => oracle("ocaml", "socket") },
  { name: "the C daemon through a ring", ways: C, start: () => oracle("c", "ring") },
  {
    name: "the OCaml daemon through a ring",
    ways: OCAML_RING,
    start: () => oracle("ocaml", "ring"),
  },
];

/** Every server that this machine has. */
export const SERVERS: readonly ServerKind[] = [
  { name: "xenstored over a socket", ways: XENKIT, start: () => ours(overSocket) },
  { name: "xenstored over a WebSocket", ways: XENKIT, start: () => ours(overWebSocket) },
  { name: "xenstored in memory", ways: XENKIT, start: () => ours(inMemory) },
  { name: "xenstored through a ring", ways: XENKIT, start: oursOverRing },
  ...(available() ? ORACLES : []),
];
