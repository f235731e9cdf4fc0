import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHost } from "@xenkit/host";
import { connect, type Transport } from "@xenkit/xenstore-client";
import type { memory } from "@xenkit/xenstore-client/memory";
import { xenbus } from "@xenkit/xenstore-client/xenbus";
import { encodeMessage, FrameReader, MESSAGE, readHeader } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";
import type { Device } from "../src/node/device.ts";
import { overDevice } from "../src/node/xenbus.ts";

/** Linux's xenbus device, as far as a client sees it, over a daemon in memory. */
const kernelDevice = (server: Parameters<typeof memory>[0]) => {
  const output: Uint8Array[] = [];
  const sizes: number[] = [];
  const watches = new Set<string>();
  let reader: ((chunk: Uint8Array) => void) | undefined;
  let closed = false;
  const put = (chunk: Uint8Array): void => {
    const waiting = reader;
    reader = undefined;
    if (waiting === undefined) output.push(chunk);
    else waiting(chunk);
  };
  const frames = new FrameReader();
  const link = server.connect({
    bytes: (bytes) => {
      frames.push(bytes);
      while (frames.next()) {
        const { type, txId } = frames;
        const quirky = type === MESSAGE.watch || type === MESSAGE.unwatch;
        const reqId = quirky ? 0 : frames.reqId;
        put(encodeMessage({ type, reqId, txId, payload: frames.payload.slice() }));
      }
    },
  });
  const device: Device = {
    read: async (buffer) => {
      const chunk = output.shift() ?? (await new Promise<Uint8Array>((next) => (reader = next)));
      buffer.set(chunk);
      return chunk.length;
    },
    write: async (bytes) => {
      sizes.push(bytes.length);
      const { type, length } = readHeader(bytes);
      if (bytes.length !== 16 + length) throw errno("EINVAL");
      if (bytes.length > 4096) throw errno("E2BIG");
      const arguments_ = new TextDecoder().decode(bytes.subarray(16));
      if (type === MESSAGE.watch) watches.add(arguments_);
      if (type === MESSAGE.unwatch && !watches.delete(arguments_)) throw errno("ENOENT");
      link.send(bytes);
    },
    close: async () => {
      closed = true;
      link.close();
    },
  };
  return {
    device,
    sizes,
    get closed() {
      return closed;
    },
    fail: () => {
      device.write = async () => {
        throw errno("EBADF");
      };
    },
    failWith: (code: string) => {
      const { write } = device;
      device.write = async () => {
        device.write = write;
        throw errno(code);
      };
    },
  };
};

const errno = (code: string): Error => Object.assign(new Error(code), { code });

const start = async () => {
  const host = await createHost();
  const kernel = kernelDevice(host.store);
  const transport: Transport = overDevice("xenbus:test", async () => kernel.device);
  return { kernel, client: await connect(transport) };
};

describe("the kernel's device", () => {
  test("gets each message in a write of its own", async () => {
    const { client, kernel } = await start();
    await Promise.all([client.write("/a", "1"), client.write("/b", "22"), client.read("/a")]);
    expect(kernel.sizes).toEqual([20, 21, 19]);
    await client.close();
  });

  test("answers WATCH and UNWATCH without a req_id", async () => {
    const { client } = await start();
    const one = client.watch("/a");
    const two = client.watch("/b");
    await Promise.all([one.ready, two.ready]);
    await client.write("/b", "1");
    expect((await two.next()).value).toEqual({ path: "/b", missed: 0 });
    await Promise.all([one.close(), two.close()]);
    expect(client.load).toEqual({ inFlight: 0, queued: 0 });
    await client.close();
  });

  test("takes 4096 bytes with the header", async () => {
    const { client } = await start();
    const value = "x".repeat(4096 - 16 - 3);
    await client.write("/a", value);
    expect(await client.read("/a")).toBe(value);
    await expect(client.write("/a", `${value}x`)).rejects.toMatchObject({
      code: "too-long",
      details: { limit: 4080 },
    });
    await client.close();
  });

  test("may refuse a write: that is the request's error", async () => {
    const { client, kernel } = await start();
    kernel.failWith("ENOENT");
    await expect(client.read("/a")).rejects.toMatchObject({ code: "ENOENT" });
    await client.write("/a", "1");
    expect(await client.read("/a")).toBe("1");
    await client.close();
  });

  test("that fails otherwise is a loss", async () => {
    const { client, kernel } = await start();
    kernel.fail();
    await expect(client.read("/a")).rejects.toMatchObject({ code: "disconnected" });
    expect(client.status).toBe("closed");
  });

  test("keeps the kernel's own watches: they are not reset", async () => {
    const { client } = await start();
    await expect(client.resetWatches()).rejects.toMatchObject({
      code: "unsupported",
      details: { transport: "xenbus:test" },
    });
    await client.close();
  });

  test("is closed once its read has ended", async () => {
    const { client, kernel } = await start();
    await client.write("/a", "1");
    await client.close();
    await expect.poll(() => kernel.closed).toBe(true);
  });

  test("that is missing cannot be connected to", async () => {
    await expect(connect(xenbus("/nowhere/xenbus"))).rejects.toMatchObject({
      code: "connect-failed",
      cause: { code: "ENOENT" },
    });
  });

  test("is a file: a pipe that echoes answers too", async () => {
    const directory = mkdtempSync(join(tmpdir(), "xenbus-"));
    const path = join(directory, "pipe");
    execFileSync("mkfifo", [path]);
    const client = await connect(xenbus(path));
    expect(await client.read("/a/b")).toBe("/a/b\0");
    await client.close();
    rmSync(directory, { recursive: true });
  });
});
