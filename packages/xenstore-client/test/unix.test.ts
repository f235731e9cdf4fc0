import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@xenkit/xenstore-client";
import { unix } from "@xenkit/xenstore-client/unix";
import { encodeMessage, FrameReader } from "@xenkit/xenstore-wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const NAMES = ["XENSTORED_PATH", "XENSTORED_RUNDIR"] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);

const restore = (): void => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
};

describe("the unix socket's path", () => {
  beforeEach(() => {
    for (const name of NAMES) delete process.env[name];
  });
  afterEach(restore);

  test.each([
    { env: {}, path: "/run/xenstored/socket" },
    { env: { XENSTORED_RUNDIR: "/r" }, path: "/r/socket" },
    { env: { XENSTORED_PATH: "/p", XENSTORED_RUNDIR: "/r" }, path: "/p" },
    { env: { XENSTORED_PATH: "", XENSTORED_RUNDIR: "" }, path: "/run/xenstored/socket" },
  ])("is $path by $env", ({ env, path }) => {
    Object.assign(process.env, env);
    expect(unix().name).toBe(`unix:${path}`);
  });

  test("may be given", () => {
    process.env["XENSTORED_PATH"] = "/p";
    expect(unix("/mine").name).toBe("unix:/mine");
  });
});

test("a socket that is not there cannot be connected to", async () => {
  await expect(connect(unix("/nowhere/socket"))).rejects.toMatchObject({
    code: "connect-failed",
    cause: { code: "ENOENT" },
  });
});

test("a server that reads slowly gets every byte as it was", async () => {
  const directory = await mkdtemp(join(tmpdir(), "xenstore-client-"));
  const path = join(directory, "socket");
  const seen: string[] = [];
  const server = createServer((socket) => {
    const reader = new FrameReader();
    socket.on("data", (chunk) => {
      reader.push(chunk);
      while (reader.next()) {
        const { type, reqId, txId } = reader;
        seen.push(new TextDecoder().decode(reader.payload));
        socket.write(encodeMessage({ type, reqId, txId, payload: new Uint8Array([79, 75, 0]) }));
      }
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = await connect(unix(path), { maxInFlight: 1000 });
  const values = Array.from({ length: 400 }, (_, index) => `${index}:${"v".repeat(4000)}`);
  const writes = values.map((value) => client.write("/a", value));
  await new Promise((resolve) => setImmediate(resolve));
  expect(client.load.queued).toBeGreaterThan(0);
  await Promise.all(writes);
  expect(seen).toEqual(values.map((value) => `/a\0${value}`));
  await client.close();
  server.close();
  await rm(directory, { recursive: true });
});
