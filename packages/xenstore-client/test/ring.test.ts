import { type Client, type ClientStatus, createClient } from "@xenkit/xenstore-client";
import { pageMemory, ring } from "@xenkit/xenstore-client/ring";
import {
  encodeMessage,
  FEATURE,
  FrameReader,
  MESSAGE,
  RING_CONNECTION,
  RING_PAGE,
  RING_SIZE,
} from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import { rejection } from "./suite/context.ts";

/** A page whose other side answers every request, when it is told to look. */
const machine = () => {
  const memory = pageMemory(new Uint8Array(RING_PAGE.size));
  const listeners = new Set<() => void>();
  const reader = new FrameReader();
  const seen: number[] = [];
  let waiting = new Uint8Array(0);
  let notified = 0;
  let serves = true;

  const look = (): void => {
    const consumer = memory.readUint32(RING_PAGE.requestConsumer);
    const fill = (memory.readUint32(RING_PAGE.requestProducer) - consumer) >>> 0;
    const chunk = Uint8Array.from({ length: fill }, (_, index) => {
      const at = ((consumer + index) >>> 0) % RING_SIZE;
      return memory.read(RING_PAGE.request + at, 1)[0] as number;
    });
    memory.writeUint32(RING_PAGE.requestConsumer, consumer + fill);
    reader.push(chunk);
    while (reader.next()) {
      const { type, reqId, txId } = reader;
      seen.push(type);
      const payload = type === MESSAGE.read ? reader.payload.slice() : new Uint8Array(0);
      const message = encodeMessage({ type, reqId, txId, payload });
      waiting = new Uint8Array([...waiting, ...message]);
    }
    const producer = memory.readUint32(RING_PAGE.responseProducer);
    const used = (producer - memory.readUint32(RING_PAGE.responseConsumer)) >>> 0;
    const length = Math.min(RING_SIZE - used, waiting.length);
    for (let index = 0; index < length; index += 1) {
      const at = ((producer + index) >>> 0) % RING_SIZE;
      memory.write(RING_PAGE.response + at, waiting.subarray(index, index + 1));
    }
    waiting = waiting.slice(length);
    memory.writeUint32(RING_PAGE.responseProducer, producer + length);
    if (fill > 0 || length > 0) tell();
  };
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return {
    memory,
    seen,
    tell,
    look,
    stop: () => {
      serves = false;
    },
    get notified() {
      return notified;
    },
    get listeners() {
      return listeners.size;
    },
    transport: ring({
      memory,
      notify: () => {
        notified += 1;
        if (serves) queueMicrotask(look);
      },
      onNotify: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    }),
  };
};

const ended = (client: Client): Promise<ClientStatus> =>
  new Promise((resolve) => {
    client.onStatus((status) => {
      if (status.status === "closed") resolve(status);
    });
  });

describe("a guest's ring", () => {
  test("first has the server forget whoever used it before", async () => {
    const { transport, seen } = machine();
    const client = createClient(transport);
    await client.read("/a");
    expect(seen).toEqual([MESSAGE.resetWatches, MESSAGE.read]);
    await client.close();
  });

  test.each([0, 5, 1020, 0xffff_fff0, 0xffff_ff00])(
    "may have indexes that begin anywhere: %d",
    async (start) => {
      const { transport, memory } = machine();
      for (const index of ["requestConsumer", "requestProducer"] as const) {
        memory.writeUint32(RING_PAGE[index], start);
      }
      for (const index of ["responseConsumer", "responseProducer"] as const) {
        memory.writeUint32(RING_PAGE[index], start + 7);
      }
      const client = createClient(transport);
      const path = `/${"x".repeat(3000)}`;
      const all = await Promise.all([client.read(path), client.read("/b"), client.read(path)]);
      expect(all).toEqual([`${path}\0`, "/b\0", `${path}\0`]);
      await client.close();
    },
  );

  test.each([
    { index: "responseProducer", value: RING_SIZE + 1, why: "more than a ring holds" },
    { index: "responseProducer", value: 0xffff_ffff, why: "behind the consumer" },
    { index: "requestConsumer", value: 5, why: "past the producer" },
  ] as const)("is given up when $index is wrong: $why", async ({ index, value }) => {
    const { transport, memory, tell, stop, listeners } = machine();
    stop();
    const client = createClient(transport);
    const failed = rejection(client.read("/a"));
    await client.ready();
    memory.writeUint32(RING_PAGE[index], value + memory.readUint32(RING_PAGE.requestProducer));
    if (index === "responseProducer") memory.writeUint32(RING_PAGE.responseProducer, value);
    const status = ended(client);
    tell();
    client.read("/b").catch(() => {});
    expect(await failed).toMatchObject({
      code: "disconnected",
      cause: { message: expect.stringContaining("too far apart") },
    });
    expect((await status).status).toBe("closed");
    expect(listeners).toBe(0);
  });

  test("is given up when the server did so, with its error", async () => {
    const { transport, memory, tell, stop } = machine();
    stop();
    const client = createClient(transport);
    const failed = rejection(client.read("/a"));
    await client.ready();
    memory.writeUint32(RING_PAGE.error, 3);
    tell();
    expect(await failed).toMatchObject({
      cause: { message: expect.stringContaining("with error 3") },
    });
  });

  test("waits until the server serves it", async () => {
    const { transport, memory, tell, seen } = machine();
    memory.writeUint32(RING_PAGE.connection, RING_CONNECTION.reconnect);
    const client = createClient(transport);
    const value = client.read("/a");
    tell();
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.status).toBe("connecting");
    expect(seen).toEqual([]);
    memory.writeUint32(RING_PAGE.connection, RING_CONNECTION.connected);
    tell();
    expect(await value).toBe("/a\0");
    await client.close();
  });

  test("asks for a reconnection where the server offers it", async () => {
    const { transport, memory, tell } = machine();
    memory.writeUint32(RING_PAGE.features, FEATURE.reconnection);
    const client = createClient(transport);
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.status).toBe("connecting");
    expect(memory.readUint32(RING_PAGE.connection)).toBe(RING_CONNECTION.reconnect);
    memory.writeUint32(RING_PAGE.connection, RING_CONNECTION.connected);
    tell();
    expect(await client.read("/a")).toBe("/a\0");
    await client.close();
  });

  test.each([new Uint8Array(4095), new Uint8Array(5000).subarray(1, 4097)])(
    "is a page, aligned",
    (page) => {
      expect(() => pageMemory(page)).toThrow(RangeError);
    },
  );
});
