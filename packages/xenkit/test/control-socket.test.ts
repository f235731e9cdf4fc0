import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningHost, startHost } from "./support/run-xenkit.ts";

let host: RunningHost;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host[Symbol.asyncDispose]());

/** What the socket answers to these very bytes, until it hangs up, however it does. */
const raw = async (bytes: string): Promise<string> => {
  const socket = connect(host.ready.control);
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  socket.end(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
};

/** A request as any HTTP client makes it. */
const post = (body: string, headers: Record<string, string>) =>
  new Promise<{ status: number | undefined; answer: unknown }>((resolve, reject) => {
    const options = {
      socketPath: host.ready.control,
      method: "POST",
      path: "/v1/domains",
      headers,
    };
    request(options, async (response) => {
      resolve({ status: response.statusCode, answer: JSON.parse(await text(response)) });
    })
      .once("error", reject)
      .end(body);
  });

const isAlive = async (): Promise<void> => {
  expect((await host.list()).map(({ domid }) => domid)).toContain(0);
};

test.each([
  ["no HTTP at all", "hello\r\n\r\n"],
  ["bytes of the Xenstore protocol", "\u0001\0\0\0\0\0\0\0\0\0\0\0\u0002\0\0\0/\0"],
  ["a length that is none", "POST /v1/domains HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"],
])("the host survives %s on its control socket", async (_, bytes) => {
  expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  await isAlive();
});

test("the host survives an endless header: it hangs up", async () => {
  await raw(`GET /v1/host HTTP/1.1\r\nx: ${"y".repeat(1_000_000)}`);
  await isAlive();
});

test.each(["content-length: 100\r\n\r\n{", "transfer-encoding: chunked\r\n\r\n5\r\n{"])(
  "the host survives a client that goes away in the middle of a request, and logs no error",
  async (rest) => {
    await using other = await startHost();
    const socket = connect(other.ready.control);
    socket.write(`POST /v1/domains HTTP/1.1\r\nhost: x\r\n${rest}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await other.list()).map(({ domid }) => domid)).toEqual([0]);
    expect(await other.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  },
);

test("a body that is too large is answered, with and without a length", async () => {
  const body = JSON.stringify({ guests: [{ name: "x".repeat(40_000) }] });
  const tooLarge = {
    status: 413,
    answer: { error: { code: "too-large", message: expect.anything() } },
  };
  expect(await post(body, { "content-length": String(body.length) })).toEqual(tooLarge);
  expect(await post(body, { "transfer-encoding": "chunked" })).toEqual(tooLarge);
  await isAlive();
});

test("the answer to any request is JSON", async () => {
  const answer = await raw("GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer.toLowerCase()).toContain("content-type: application/json");
  expect(answer).toContain(
    '{"error":{"code":"unknown-route","message":"there is no GET /nowhere"}}',
  );
});
