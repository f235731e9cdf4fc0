import { createHost } from "@xenkit/host";
import { type Client, connect } from "@xenkit/xenstore-client";
import { memory } from "@xenkit/xenstore-client/memory";
import { expect, test } from "vitest";

/** The code under test: answers each ping with a pong, until it is told to stop. */
const agent = async (client: Client): Promise<void> => {
  for await (const { path } of client.watch("data/ping")) {
    const ping = await client.read(path).catch(() => "");
    if (ping === "stop") return;
    if (ping !== "") await client.write("data/pong", ping);
  }
};

test("the agent answers a ping", async () => {
  const host = await createHost();
  await using inside = await connect(memory(host.store));
  await using outside = await connect(memory(host.store));
  const running = agent(inside);
  await outside.write("data/ping", "42");
  expect(await outside.waitFor("data/pong", (pong) => pong === "42")).toBe("42");
  await outside.write("data/ping", "stop");
  await running;
});
