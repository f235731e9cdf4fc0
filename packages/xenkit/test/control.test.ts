import { createHost, type Host } from "@xenkit/host";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createChangeFeed } from "../src/change-feed.ts";
import { controlApp } from "../src/control-app.ts";
import { BODY_MAX, CREATE_MAX } from "../src/control-protocol.ts";
import { type Metrics, storeMetrics } from "../src/metrics.ts";

const description = {
  pid: 1,
  version: "0.1.0",
  directory: "/d",
  release: "4.22",
  uniqueIds: "sequence",
  xenstored: "/d/xenstored.sock",
  control: "/d/control.sock",
  websocket: null,
};

let host: Host;
let metrics: Metrics;
let app: ReturnType<typeof controlApp>;
const errors: unknown[] = [];

beforeAll(async () => {
  host = await createHost({ domains: 1 });
  const onError = (error: unknown): void => void errors.push(error);
  metrics = storeMetrics(host.store.daemon);
  app = controlApp({ host, description, feed: createChangeFeed(), metrics, onError });
});
afterAll(async () => {
  metrics[Symbol.dispose]();
  await host[Symbol.asyncDispose]();
});

const send = async (method: string, path: string, body?: unknown) => {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await app.request(path, {
    method,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: response.status, answer: await response.json() };
};

const refused = (status: number, code: string, message: unknown = expect.any(String)) => ({
  status,
  answer: { error: { code, message } },
});

describe("the control protocol", () => {
  test("describes the host", async () => {
    expect(await send("GET", "/v1/host")).toEqual({ status: 200, answer: description });
  });

  test("creates guests, in order, and answers with them", async () => {
    const guests = [{ name: "a" }, { domid: 500, xenstore: true }];
    const { status, answer } = await send("POST", "/v1/domains", { guests });
    expect(status).toBe(201);
    expect(answer).toMatchObject({
      domains: [{ name: "a" }, { domid: 500, name: "guest-500", capsNames: ["xenstore"] }],
    });
  });

  test("tells which guests were made before one that was refused", async () => {
    const guests = [{ name: "made" }, { domid: 1 }, { name: "never" }];
    const { status, answer } = await send("POST", "/v1/domains", { guests });
    expect({ status, answer }).toEqual({
      status: 409,
      answer: {
        error: { code: "EEXIST", message: "domid 1 is in use" },
        domains: [expect.objectContaining({ name: "made" })],
      },
    });
    expect(host.domains().map(({ name }) => name)).not.toContain("never");
  });

  test("answers a deed with the domain as it is then, a destruction as it was before", async () => {
    const guest = await host.createGuest({ name: "short" });
    const path = `/v1/domains/${guest.domid}`;
    expect(await send("POST", `${path}/shutdown`, { reason: "crash" })).toMatchObject({
      status: 200,
      answer: { domain: { name: "short", state: 3, shutdownReason: "crash" } },
    });
    expect(await send("DELETE", path)).toMatchObject({
      status: 200,
      answer: { domain: { name: "short", state: 3 } },
    });
    expect(guest.exists).toBe(false);
  });

  test("takes an empty body for the defaults", async () => {
    const { domid } = await host.createGuest();
    const { answer } = await send("POST", `/v1/domains/${domid}/shutdown`);
    expect(answer).toMatchObject({ domain: { shutdownReason: "poweroff" } });
  });

  test.each([
    ["POST", "/v1/domains/31999/pause"],
    ["POST", "/v1/domains/31999/shutdown"],
    ["DELETE", "/v1/domains/31999"],
  ])("answers %s %s with ESRCH: no such domain", async (method, path) => {
    expect(await send(method, path)).toEqual(refused(404, "ESRCH", "there is no domain 31999"));
  });

  test("answers with ESRCH when the domain goes while its request is still coming in", async () => {
    const guest = await host.createGuest();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const headers = { "content-length": "2" };
    const init = { method: "POST", headers, body: readable, duplex: "half" } as RequestInit;
    const answer = Promise.resolve(app.request(`/v1/domains/${guest.domid}/shutdown`, init));
    await guest.destroy();
    await host.createGuest({ domid: guest.domid });
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode("{}"));
    await writer.close();
    expect((await answer).status).toBe(404);
    expect(host.domain(guest.domid)).toMatchObject({ state: 1 });
  });

  test("says when the host is down", async () => {
    const down = await createHost({ domains: 1 });
    const onError = (error: unknown): void => void errors.push(error);
    const dead = controlApp({
      host: down,
      description,
      feed: createChangeFeed(),
      metrics,
      onError,
    });
    down.hypervisor.shutdownDomain(0);
    const response = await dead.request("/v1/domains/1/pause", { method: "POST" });
    expect({ status: response.status, answer: await response.json() }).toEqual(
      refused(503, "host-down", "the host is down: dom0 shut down (reason 0)"),
    );
  });
});

describe("hostile requests", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/v2/host"],
    ["PUT", "/v1/domains"],
    ["POST", "/v1/domains/1/explode"],
    ["POST", "/v1/domains/1/constructor"],
    ["POST", "/v1/domains/1/__proto__"],
    ["GET", "/v1/domains/../../etc/passwd"],
  ])("%s %s is an unknown route", async (method, path) => {
    expect(await send(method, path)).toEqual(refused(404, "unknown-route"));
  });

  test.each(["0", "-1", "32752", "1e1", "0x1", "1.5", "one", "%00", "99999999999999999999"])(
    "a domid of %s is refused, without touching a domain",
    async (domid) => {
      const before = host.domains();
      expect(await send("DELETE", `/v1/domains/${domid}`)).toEqual(refused(400, "bad-request"));
      expect(host.domains()).toEqual(before);
    },
  );

  test.each([
    ["{", "no JSON"],
    ["[]", "guests"],
    ["null", "Expected Object"],
    ['{"guests":[]}', "guests"],
    ['{"guests":{}}', "guests"],
    ['{"guests":[{"name":7}]}', "guests.0.name"],
    ['{"guests":[{"name":"a/b"}]}', "guests.0.name"],
    ['{"guests":[{"name":"\\u0000"}]}', "guests.0.name"],
    ['{"guests":[{"domid":"7"}]}', "guests.0.domid"],
    ['{"guests":[{"domid":7.5}]}', "guests.0.domid"],
    ['{"guests":[{"domid":0}]}', "guests.0.domid"],
    ['{"guests":[{"domid":32752}]}', "guests.0.domid"],
    ['{"guests":[{"xenstore":"yes"}]}', "guests.0.xenstore"],
    ['{"guests":[{"memory":1}]}', "guests.0.memory"],
    ['{"guests":[{"__proto__":{"name":"a"}}]}', "__proto__"],
    [JSON.stringify({ guests: Array(CREATE_MAX + 1).fill({}) }), "guests"],
  ])("a creation of %s is refused: %s", async (body, says) => {
    const before = host.domains();
    const message = expect.stringContaining(says);
    expect(await send("POST", "/v1/domains", body)).toEqual(refused(400, "bad-request", message));
    expect(host.domains()).toEqual(before);
  });

  test("a body that is too large is refused, whether it says so or not", async () => {
    const large = JSON.stringify({ guests: [{ name: "x".repeat(BODY_MAX) }] });
    expect(await send("POST", "/v1/domains", large)).toEqual(refused(413, "too-large"));
    const stream = new Blob([large]).stream();
    const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
    expect((await app.request("/v1/domains", init)).status).toBe(413);
  });

  test("any JSON gets an answer of the protocol", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (body) => {
        const { status, answer } = await send(
          "POST",
          "/v1/domains/1/shutdown",
          JSON.stringify(body),
        );
        expect([200, 400]).toContain(status);
        expect(answer).toHaveProperty(status === 200 ? "domain" : "error.code");
      }),
      { numRuns: 200 },
    );
  });

  test("none of these was a failure of the host", () => {
    expect(errors).toEqual([]);
  });
});
