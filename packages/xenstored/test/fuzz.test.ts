import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { RecordedXen, RingClient } from "@xenkit/store-replay";
import {
  bytesOf,
  encodeMessage,
  FrameReader,
  joinStrings,
  MESSAGE,
  RING_PAGE,
} from "@xenkit/xenstore-wire";
import { createStoreDaemon, followTracker, ringGuests, trackedDomains } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TestClient } from "./client.ts";
import { scratchFolder } from "./scratch-folder.ts";

/** Streams that begin well: what is broken only now and then gets further in. */
const request = fc
  .record({
    type: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 27 }) }, fc.nat({ max: 0xffff_ffff })),
    reqId: fc.nat({ max: 0xffff_ffff }),
    txId: fc.constantFrom(0, 0, 0, 1, 2),
    payload: fc.oneof(
      fc
        .array(fc.constantFrom("/", "/a", "a/b", "@releaseDomain", "0", "5", "n0", "T", ""), {
          maxLength: 4,
        })
        .map((strings) => bytesOf(joinStrings(strings))),
      fc.uint8Array({ maxLength: 40 }),
      fc.constant(new Uint8Array(4096).fill(0x2f)),
    ),
  })
  .map(encodeMessage);

const stream = fc
  .record({
    requests: fc.array(request, { minLength: 1, maxLength: 20 }),
    /** Bytes that are written over, by their place in the stream. */
    flips: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), {
      maxLength: 3,
    }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
  })
  .map(({ requests, flips, cut }) => {
    const bytes = Buffer.concat(requests);
    for (const [at, value] of flips) bytes[Math.floor(at * (bytes.length - 1))] = value;
    return bytes.subarray(0, cut === null ? bytes.length : Math.floor(cut * bytes.length));
  });

const heapUsed = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;

/** One request, and its answer: the daemon lives. */
const served = async (socket: Socket, reader: FrameReader): Promise<boolean> => {
  socket.write(
    encodeMessage({ type: MESSAGE.read, reqId: 7, txId: 0, payload: bytesOf("/tool\0") }),
  );
  while (!reader.next()) reader.push((await once(socket, "data"))[0] as Buffer);
  return reader.reqId === 7 && reader.type === MESSAGE.read;
};

describe("any stream of bytes", () => {
  test("on sockets leaves the daemon alive, small, and with time for others", async () => {
    using folder = scratchFolder();
    const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
    await using server = await serveUnix(daemon, join(folder.path, "socket"));
    const witness = connect(server.path);
    const reader = new FrameReader();
    const before = heapUsed();
    await fc.assert(
      fc.asyncProperty(stream, fc.boolean(), async (bytes, reads) => {
        const hostile = connect(server.path);
        hostile.on("error", () => {});
        if (reads) hostile.resume();
        hostile.write(bytes);
        expect(await served(witness, reader)).toBe(true);
        hostile.destroy();
      }),
      { numRuns: 600 },
    );
    while (daemon.counts.connections > 1) await served(witness, reader);
    expect(daemon.counts).toMatchObject({ connections: 1, watches: 0, transactions: 0 });
    // It may keep what was written: some paths with values of 4 KiB.
    expect(heapUsed() - before).toBeLessThan(64 << 20);
    witness.destroy();
  });
});

const FIELDS = [
  RING_PAGE.requestConsumer,
  RING_PAGE.requestProducer,
  RING_PAGE.responseConsumer,
  RING_PAGE.responseProducer,
  RING_PAGE.features,
  RING_PAGE.connection,
  RING_PAGE.error,
  RING_PAGE.eventChannelPort,
];
const scribble = fc.oneof(
  { weight: 3, arbitrary: stream.map((bytes) => ({ bytes })) },
  fc.record({
    field: fc.constantFrom(...FIELDS),
    value: fc.oneof(fc.nat({ max: 1100 }), fc.nat({ max: 0xffff_ffff })),
  }),
  fc.record({ at: fc.nat({ max: RING_PAGE.size - 1 }), value: fc.nat({ max: 255 }) }),
);

describe("anything in a ring page", () => {
  test("leaves the daemon alive and other guests served, and RELEASE with INTRODUCE begins anew", () => {
    fc.assert(
      fc.property(fc.array(scribble, { minLength: 1, maxLength: 15 }), (scribbles) => {
        const xen = new RecordedXen();
        const deferred: (() => void)[] = [];
        const settle = (): void => {
          for (let task = deferred.shift(); task !== undefined; task = deferred.shift()) task();
        };
        const daemon = createStoreDaemon({
          domains: trackedDomains(xen.tracker),
          guests: ringGuests(xen.rings((task) => deferred.push(task))),
        });
        followTracker(daemon, xen.tracker);
        const dom0 = new TestClient((sink) => daemon.connect(sink));
        const ring = (domid: number): RingClient => {
          const notify = (): void => {
            xen.notifyDaemon(domid);
            settle();
          };
          return new RingClient({ page: () => xen.page(domid), notify });
        };
        for (const domid of [5, 6]) {
          xen.play({ action: "create", domid, state: ["exist"], unique_id: domid });
          expect(dom0.ask("introduce", joinStrings([`${domid}`, "1", "1"]))).toBe("OK\0");
        }
        const hostile = ring(5);
        const page = xen.page(5);
        const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
        for (const each of scribbles) {
          if ("bytes" in each) hostile.send(each.bytes);
          else if ("field" in each) view.setUint32(each.field, each.value, true);
          else page[each.at] = each.value;
          xen.notifyDaemon(5);
          settle();
          expect(works(ring(6))).toBe(true);
        }
        expect(dom0.ask("release", "5\0")).toBe("OK\0");
        page.fill(0);
        expect(dom0.ask("introduce", joinStrings(["5", "1", "1"]))).toBe("OK\0");
        expect(works(ring(5))).toBe(true);
        expect(dom0.ask("control", "check\0")).toBe("OK\0");
      }),
      { numRuns: 400 },
    );
  });
});

/** One request through a ring, and its answer. */
const works = (ring: RingClient): boolean => {
  const payload = bytesOf("0\0");
  ring.send(encodeMessage({ type: MESSAGE.getDomainPath, reqId: 9, txId: 0, payload }));
  const reader = new FrameReader();
  reader.push(ring.take());
  return reader.next() && reader.type === MESSAGE.getDomainPath && reader.reqId === 9;
};
