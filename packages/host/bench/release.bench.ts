// From the shutdown of one guest to @releaseDomain at a Xenstore client, while others exist that do nothing.
import assert from "node:assert/strict";
import { DOMCTL, DOMCTL_SIZE, HYPERVISOR, INTERFACE_VERSION } from "@xenkit/abi";
import { bench, type Row, sample } from "@xenkit/bench";
import { createHost, type Host } from "@xenkit/host";
import { encodeMessage, MESSAGE } from "@xenkit/xenstore-wire";

const OURS = "drain what changed";
const OLD = "query every domain, as before 4.21";
const CHANGES = 20;

/** A host with a client that watches for ends, and what that client was told. */
const setUp = async (guests: number) => {
  let tasks: (() => void)[] = [];
  const defer = (task: () => void): void => void tasks.push(task);
  const host = await createHost({ domains: guests, defer });
  let bytes = 0;
  const link = host.store.connect({
    bytes: (chunk) => {
      bytes += chunk.length;
    },
  });
  const payload = new TextEncoder().encode("@releaseDomain\0token\0");
  link.send(encodeMessage({ type: MESSAGE.watch, reqId: 0, txId: 0, payload }));
  /** One guest shuts down, the client is told, the guest runs again. */
  const change = (): number => {
    const before = bytes;
    host.hypervisor.shutdownDomain(1);
    const now = tasks;
    tasks = [];
    for (const task of now) task();
    host.hypervisor.resumeDomain(1);
    host.store.resume(1);
    return bytes - before;
  };
  return { host, change };
};

/** What a daemon did at each VIRQ_DOM_EXC: getdomaininfo for every domain that it knew, with one reused buffer. */
const queryAll = (host: Host, guests: number): number => {
  let found = 0;
  for (let domid = 0; domid <= guests; domid += 1) {
    request[0] = DOMCTL.getdomaininfo;
    request[1] = INTERFACE_VERSION["4.22"];
    request[2] = domid;
    if (host.hypervisor.hypercall(0, HYPERVISOR.domctl, buffer) === 0) found += 1;
  }
  return found;
};
const request = new Uint32Array(DOMCTL_SIZE / 4);
const buffer = new Uint8Array(request.buffer);

const EVENT_SIZE = 16 + "@releaseDomain\0token\0".length;

const row = async (guests: number): Promise<Row> => {
  const { host, change } = await setUp(guests);
  assert.equal(change(), EVENT_SIZE, "the client is told of every change, once");
  assert.equal(queryAll(host, guests), guests + 1, "every domain answers");
  const repeat = (work: () => void) => () =>
    sample(() => {
      for (let round = 0; round < CHANGES; round += 1) work();
    }, CHANGES);
  return {
    name: `${guests.toLocaleString("en-US")} guests`,
    contenders: {
      [OURS]: repeat(change),
      [OLD]: sampleOnce(() => {
        change();
        queryAll(host, guests);
      }),
    },
  };
};

/** A long one is not repeated within a sample. */
const sampleOnce = (work: () => void) => () => sample(work, 1);

await bench(import.meta, {
  name: "release",
  title: "One guest shuts down: from the hypervisor to a Xenstore client",
  unit: "ns per change, with the guest's resume",
  baseline: OLD,
  verify: () => {},
  rows: () => Promise.all([10, 100, 1000, 10_000].map(row)),
  targets: [
    { row: "1,000 guests", contender: OURS, against: OLD, atMost: 1 / 15 },
    { row: "10,000 guests", contender: OURS, against: OLD, atMost: 1 / 150 },
  ],
  notes:
    "Both ways fire the event; the old one also asks for all domains, as a daemon without get_domain_state must.",
});
