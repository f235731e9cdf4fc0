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
