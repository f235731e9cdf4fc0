import { equal, ok } from "node:assert/strict";
import { RecordedXen, RingClient } from "@xenkit/store-replay";
import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  joinStrings,
  MESSAGE,
} from "@xenkit/xenstore-wire";
import {
  createStoreDaemon,
  followTracker,
  ringGuests,
  type StoreDaemon,
  trackedDomains,
} from "@xenkit/xenstored";
import fc from "fast-check";
import { countMessages } from "./count-messages.ts";
import { findOf } from "./find-of.ts";
import { type Scribble, scribble } from "./streams.ts";
import type { Target } from "./target.ts";

const HOSTILE = 5;
const OTHER = 6;

/**
 * A guest that does anything to its ring page, beside another one that asks in between. At the end RELEASE and INTRODUCE
 * serve the first one again, and the store is whole.
 */
export const fuzzRings: Target = async ({ seed, runs }) => {
  let requests = 0;
  const details = await fc.check(
    fc.asyncProperty(fc.array(scribble, { minLength: 1, maxLength: 15 }), async (scribbles) => {
      for (const each of scribbles) if ("bytes" in each) requests += countMessages(each.bytes);
      play(scribbles);
    }),
    { seed, numRuns: runs },
  );
  return { requests, find: findOf(details) };
};

const play = (scribbles: readonly Scribble[]): void => {
  const xen = new RecordedXen();
  const deferred: (() => void)[] = [];
  const settle = (): void => {
    for (let task = deferred.shift(); task !== undefined; task = deferred.shift()) task();
  };
  const lines: string[] = [];
  const daemon = createStoreDaemon({
    domains: trackedDomains(xen.tracker),
    guests: ringGuests(xen.rings((task) => deferred.push(task))),
    log: (line) => lines.push(line),
  });
  followTracker(daemon, xen.tracker);
  const notify = (domid: number) => (): void => {
    xen.notifyDaemon(domid);
    settle();
  };
  const ring = (domid: number): RingClient =>
    new RingClient({ page: () => xen.page(domid), notify: notify(domid) });
  const introduce = (domid: number): void =>
    equal(ask(daemon, MESSAGE.introduce, joinStrings([`${domid}`, "1", "1"])), "OK\0");

  for (const domid of [HOSTILE, OTHER]) {
    xen.play({ action: "create", domid, state: ["exist"], unique_id: domid });
    introduce(domid);
  }
  const hostile = ring(HOSTILE);
  const page = xen.page(HOSTILE);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  for (const each of scribbles) {
    if ("bytes" in each) hostile.send(each.bytes);
    else if ("field" in each) view.setUint32(each.field, each.value, true);
    else page[each.at] = each.value;
    notify(HOSTILE)();
    ok(isServed(ring(OTHER)), "the other guest is not answered");
  }
  equal(ask(daemon, MESSAGE.release, `${HOSTILE}\0`), "OK\0");
  page.fill(0);
  introduce(HOSTILE);
  ok(isServed(ring(HOSTILE)), "a guest that begins anew is not answered");
  equal(ask(daemon, MESSAGE.control, "check\0"), "OK\0");
  equal(lines.filter((line) => line.startsWith("check")).join(), "");
};

/** Domain 0 asks, on a connection of its own. */
const ask = (daemon: StoreDaemon, type: number, payload: string): string => {
  const connection = daemon.connect({ output: () => {}, closed: () => {} });
  connection.receive(encodeMessage({ type, reqId: 1, txId: 0, payload: bytesOf(payload) }));
  const reader = new FrameReader();
  reader.push(connection.output.take());
  connection.close();
  return reader.next() ? binary(reader.payload) : "nothing";
};

/** One request through a ring, and its answer. */
const isServed = (ring: RingClient): boolean => {
  const payload = bytesOf("0\0");
  ring.send(encodeMessage({ type: MESSAGE.getDomainPath, reqId: 9, txId: 0, payload }));
  const reader = new FrameReader();
  reader.push(ring.take());
  return reader.next() && reader.type === MESSAGE.getDomainPath && reader.reqId === 9;
};
