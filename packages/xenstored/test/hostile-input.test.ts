import { encodeMessage, MESSAGE, type Message } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TestHost } from "./client.ts";

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc
    .array(
      fc.constantFrom("/", "/a", "a/b", "@releaseDomain", "0", "5", "-1", "T", "n0", "b5", "t", ""),
      {
        maxLength: 6,
      },
    )
    .map((strings) => Buffer.from(strings.map((text) => `${text}\0`).join(""))),
  fc.constant(new Uint8Array(4096).fill(0x61)),
);
const message: fc.Arbitrary<Message> = fc.record({
  type: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 0xffff_ffff })),
  reqId: fc.nat({ max: 0xffff_ffff }),
  txId: fc.constantFrom(0, 0, 0, 1, 2, 0xffff_ffff),
  payload,
});

describe("any requests", () => {
  test("get one reply each with their own numbers, from a socket and from a guest, and the store stays whole", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), message), { maxLength: 40 }), (sent) => {
        const host = new TestHost();
        const guest = host.guest(5);
        const witness = host.client();
        for (const [fromGuest, request] of sent) {
          const { connection } = fromGuest ? guest : host.dom0;
          if (connection.closed) continue;
          connection.receive(encodeMessage(request));
          if (!connection.closed)
            expect(replyNumbers(connection.output.take())).toEqual([request.reqId]);
        }
        expect(witness.ask("control", "check\0")).toBe("OK\0");
        expect(host.lines.filter((line) => line.startsWith("check"))).toEqual([]);
      }),
    );
  });
});

describe("a transaction over nodes that go meanwhile", () => {
  test("may remove a node that its parent had lost before it looked at the parent", () => {
    const { dom0 } = new TestHost();
    dom0.ask("write", "/s/0/a\0");
    const id = Number.parseInt(dom0.ask("transactionStart", "\0"), 10);
    dom0.ask("rm", "/s/0/a\0", id);
    dom0.ask("rm", "/s/0\0");
    expect(dom0.ask("rm", "/s/0\0", id)).toBe("OK\0");
    expect(dom0.ask("directory", "/s\0", id)).toBe("");
    expect(dom0.ask("transactionEnd", "T\0", id)).toBe("EAGAIN");
  });

  test("is answered whatever it asks", () => {
    const paths = fc.constantFrom("/s", "/s/0", "/s/1", "/s/0/a");
    const types = fc.constantFrom("write", "rm", "directory", "start", "end");
    const asked = fc.tuple(types, paths, fc.constantFrom(0, 1, 2));
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 30, size: "max" }), (requests) => {
        const { dom0 } = new TestHost();
        for (const [type, path, txId] of requests) {
          if (type === "start") dom0.ask("transactionStart", "\0");
          else if (type === "end") dom0.ask("transactionEnd", "T\0", txId);
          else dom0.ask(type as "write", `${path}\0`, txId);
        }
        expect(dom0.ask("control", "check\0")).toBe("OK\0");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("any bytes", () => {
  test("end in a closed connection at worst, and other clients are served", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (chunks) => {
        const host = new TestHost();
        const guest = host.guest(5);
        for (const chunk of chunks) guest.connection.receive(chunk);
        expect([undefined, "protocol"]).toContain(guest.closed);
        expect(host.dom0.ask("read", "/tool\0")).toBe("");
      }),
    );
  });
});

/** The request ids of the replies in a stream; events are left out. */
const replyNumbers = (stream: Uint8Array): number[] => {
  const numbers: number[] = [];
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  for (let at = 0; at < stream.length; at += 16 + view.getUint32(at + 12, true)) {
    if (view.getUint32(at, true) !== MESSAGE.watchEvent) numbers.push(view.getUint32(at + 4, true));
  }
  return numbers;
};
