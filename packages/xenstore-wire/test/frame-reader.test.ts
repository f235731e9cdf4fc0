import {
  encodeMessage,
  FrameReader,
  HEADER_SIZE,
  isWireError,
  type Message,
  PAYLOAD_MAX,
} from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const u32 = fc.nat({ max: 0xffff_ffff });
const message: fc.Arbitrary<Message> = fc.record({
  type: u32,
  reqId: u32,
  txId: u32,
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .constantFrom(0, 1, PAYLOAD_MAX - 1, PAYLOAD_MAX)
      .map((length) => new Uint8Array(length).fill(7)),
  ),
});

const readAll = (reader: FrameReader): Message[] => {
  const messages: Message[] = [];
  while (reader.next()) {
    const { type, reqId, txId, payload } = reader;
    messages.push({ type, reqId, txId, payload: payload.slice() });
  }
  return messages;
};

/** The header of a message whose payload never comes. */
const announcing = (length: number): Uint8Array => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, length, true);
  return bytes;
};

describe("a stream of messages", () => {
  test("gives the same messages however it is split", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.nat({ max: 20_000 }), { maxLength: 12 }),
        (messages, cuts) => {
          const stream = Buffer.concat(messages.map(encodeMessage));
          const ends = [...cuts.map((cut) => cut % (stream.length + 1)), 0, stream.length];
          ends.sort((a, b) => a - b);
          const reader = new FrameReader();
          const read: Message[] = [];
          for (let index = 1; index < ends.length; index += 1) {
            reader.push(Uint8Array.from(stream.subarray(ends[index - 1], ends[index])));
            read.push(...readAll(reader));
          }
          expect(read).toEqual(messages);
          expect(reader.pending).toBe(0);
        },
      ),
    );
  });

  test("gives the same messages byte by byte", () => {
    const messages = [0, 1, 300].map((length) => ({
      type: 2,
      reqId: length,
      txId: 0,
      payload: new Uint8Array(length).fill(length),
    }));
    const reader = new FrameReader();
    const read: Message[] = [];
    for (const byte of Buffer.concat(messages.map(encodeMessage))) {
      reader.push(Uint8Array.of(byte));
      read.push(...readAll(reader));
    }
    expect(read).toEqual(messages);
  });

  test("gives a message without payload at once", () => {
    const reader = new FrameReader();
    reader.push(encodeMessage({ type: 6, reqId: 1, txId: 0, payload: new Uint8Array(0) }));
    expect(reader.next()).toBe(true);
    expect(reader.payload).toEqual(new Uint8Array(0));
    expect(reader.next()).toBe(false);
  });

  test("keeps what was pushed before in front of what is pushed now", () => {
    const [first, second] = [1, 2].map((reqId) =>
      encodeMessage({ type: 2, reqId, txId: 0, payload: Uint8Array.of(1, 2, 3) }),
    );
    const reader = new FrameReader();
    reader.push(first as Uint8Array);
    reader.push(second as Uint8Array);
    expect(readAll(reader).map(({ reqId }) => reqId)).toEqual([1, 2]);
  });

  test("begins anew after a reset", () => {
    const reader = new FrameReader();
    reader.push(announcing(100));
    expect(reader.next()).toBe(false);
    reader.reset();
    reader.push(encodeMessage({ type: 2, reqId: 9, txId: 0, payload: new Uint8Array(0) }));
    expect(readAll(reader).map(({ reqId }) => reqId)).toEqual([9]);
  });
});

describe("a hostile length", () => {
  test.each([PAYLOAD_MAX + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])(
    "xsa-420: %i is refused as soon as the header is there, and again at every call",
    (length) => {
      const reader = new FrameReader();
      reader.push(announcing(length).subarray(0, 15));
      expect(reader.next()).toBe(false);
      reader.push(announcing(length).subarray(15));
      for (const _ of [1, 2]) {
        const error = catchError(() => reader.next());
        expect(isWireError(error, "payload-too-long") && error.details).toEqual({
          length,
          limit: PAYLOAD_MAX,
        });
      }
    },
  );

  test("does not hide the messages before it", () => {
    const reader = new FrameReader();
    const good = encodeMessage({ type: 2, reqId: 1, txId: 0, payload: Uint8Array.of(0) });
    reader.push(Buffer.concat([good, announcing(PAYLOAD_MAX + 1)]));
    expect(reader.next()).toBe(true);
    expect(() => reader.next()).toThrow("4097 bytes, 4096 at most");
  });

  test("of the longest payload keeps no more than one message, whatever follows byte by byte", () => {
    const reader = new FrameReader();
    reader.push(announcing(PAYLOAD_MAX));
    for (let sent = 0; sent < PAYLOAD_MAX - 1; sent += 1) {
      expect(reader.next()).toBe(false);
      reader.push(Uint8Array.of(1));
    }
    expect(reader.next()).toBe(false);
    expect(reader.pending).toBe(16 + PAYLOAD_MAX - 1);
  });
});

describe("any bytes", () => {
  test("give messages or one typed error", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        const reader = new FrameReader();
        const error = catchError(() => {
          for (const chunk of chunks) {
            reader.push(chunk);
            readAll(reader);
          }
        });
        expect(error === undefined || isWireError(error, "payload-too-long")).toBe(true);
      }),
    );
  });

  test("lets longer payloads pass for who asks for that, and no more", () => {
    const frame = (length: number): Uint8Array => {
      const bytes = new Uint8Array(HEADER_SIZE + length);
      new DataView(bytes.buffer).setUint32(12, length, true);
      return bytes;
    };
    const reader = new FrameReader(5000);
    const bytes = frame(5000);
    reader.push(bytes.subarray(0, 4200));
    expect(reader.next()).toBe(false);
    reader.push(bytes.subarray(4200));
    expect(reader.next()).toBe(true);
    expect(reader.payload.length).toBe(5000);
    reader.push(frame(5001));
    expect(() => reader.next()).toThrow(
      expect.objectContaining({ details: { length: 5001, limit: 5000 } }),
    );
  });
});

const catchError = (run: () => void): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};
