import { describe, expect, test } from "vitest";
import { createChangeFeed } from "../src/change-feed.ts";
import type { ChangeAnswer } from "../src/control-protocol.ts";

const change = (domid: number): ChangeAnswer => ({
  time: "2026-01-02T03:04:05.678Z",
  kind: "appeared",
  domid,
  name: null,
  state: 1,
  stateNames: ["exist"],
  caps: 0,
  capsNames: [],
  uniqueId: String(domid),
  previousUniqueId: null,
});

const linesOf = async (stream: ReadableStream<Uint8Array>): Promise<string[]> =>
  (await new Response(stream).text()).split("\n").slice(0, -1);

describe("the feed of changes", () => {
  test("begins with an empty line, then gives every reader every change since it opened, in order", async () => {
    const feed = createChangeFeed();
    feed.publish(change(1));
    const early = feed.open();
    feed.publish(change(2));
    const late = feed.open();
    feed.publish(change(3));
    feed[Symbol.dispose]();
    expect(await linesOf(early)).toEqual([
      "",
      JSON.stringify(change(2)),
      JSON.stringify(change(3)),
    ]);
    expect(await linesOf(late)).toEqual(["", JSON.stringify(change(3))]);
  });

  test("forgets a reader that went away", async () => {
    const feed = createChangeFeed();
    await feed.open().cancel();
    expect(() => feed.publish(change(1))).not.toThrow();
  });

  test("gives up a reader that does not read, and tells it so at the end", async () => {
    const feed = createChangeFeed();
    const slow = feed.open();
    for (let domid = 0; domid < 70_000; domid += 1) feed.publish(change(domid));
    const lines = await linesOf(slow);
    expect(lines.length).toBeLessThan(66_000);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ error: { code: "too-slow" } });
  });
});
