import { getEventListeners } from "node:events";
import { changesOf, type DomainChange } from "@xenkit/xenmanage";
import { describe, expect, test } from "vitest";
import { gone } from "./support/scripted.ts";
import { line, setup } from "./support/setup.ts";

// What never comes is noticed early.
describe("changesOf", { timeout: 5_000 }, () => {
  test("gives the changes from its call on, queued or awaited, until the signal ends it", async () => {
    const { script, port, tracker } = setup();
    tracker.start();
    const stop = new AbortController();
    const changes = changesOf(tracker, { signal: stop.signal });
    script.changed.push({ domid: 5, state: 1, id: 7n }, { domid: 5, state: 3, id: 7n });
    port.raise();
    const lines: string[] = [];
    for await (const change of changes) {
      lines.push(line(change));
      if (change.kind === "shutdown") {
        setImmediate(() => {
          script.changed.push(gone(5));
          port.raise();
          stop.abort();
        });
      }
    }
    expect(lines).toEqual(["appeared 5#7 1", "shutdown 5#7 3", "gone 5#7 0"]);
  });

  test("lets go of the signal when it ends", async () => {
    const { tracker } = setup();
    const { signal } = new AbortController();
    const changes = changesOf(tracker, { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await changes.return?.();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("serves many waiting takers, each change once", async () => {
    const { script, tracker } = setup();
    tracker.start();
    const changes = changesOf(tracker);
    const taken = [changes.next(), changes.next(), changes.next()];
    script.changed.push({ domid: 1, state: 1, id: 1n }, { domid: 2, state: 1, id: 2n });
    tracker.drain();
    script.changed.push({ domid: 3, state: 1, id: 3n });
    tracker.drain();
    const values = (await Promise.all(taken)).map(({ value }) => (value as DomainChange).domain);
    expect(values.map(({ domid }) => domid).sort()).toEqual([1, 2, 3]);
  });

  test("throws after what fitted, when nobody takes: the queue is bounded", async () => {
    const { script, tracker } = setup();
    tracker.start();
    const changes = changesOf(tracker, { limit: 2 });
    for (const domid of [1, 2, 3, 4]) script.changed.push({ domid, state: 1, id: BigInt(domid) });
    tracker.drain();
    expect((await changes.next()).value).toMatchObject({ domain: { domid: 1 } });
    expect((await changes.next()).value).toMatchObject({ domain: { domid: 2 } });
    await expect(changes.next()).rejects.toMatchObject({
      code: "queue-overflow",
      message: "changes: queue-overflow: 2 changes were not taken",
      details: { limit: 2 },
    });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test.each([0, -1, 0.5, Number.NaN])("refuses a limit of %s", (limit) => {
    const { tracker } = setup();
    expect(() => changesOf(tracker, { limit })).toThrow(
      expect.objectContaining({
        code: "bad-option",
        message: `limit: bad-option: ${limit} is not 1 or more`,
        details: { option: "limit", value: limit },
      }),
    );
  });

  test.each([
    [1, 1],
    [undefined, 65_536],
  ])("with a limit of %s keeps %i changes", async (limit, kept) => {
    const { script, tracker } = setup();
    tracker.start();
    const changes = changesOf(tracker, limit === undefined ? {} : { limit });
    for (let at = 0; at <= kept; at += 1) {
      script.changed.push({ domid: 1, state: at % 2 === 0 ? 1 : 3, id: 1n });
      // A few at a time: the script takes long over a long list.
      if (at % 1024 === 0 || at === kept) tracker.drain();
    }
    let taken = 0;
    while (taken < kept && (await changes.next()).done !== true) taken += 1;
    expect(taken).toBe(kept);
    await expect(changes.next()).rejects.toMatchObject({ code: "queue-overflow" });
  });

  test("gives all in the order in which they came, however they are taken", async () => {
    const { script, tracker } = setup();
    tracker.start();
    const changes = changesOf(tracker, { limit: 5 });
    const seen: unknown[] = [];
    const come = (domids: readonly number[]): void => {
      for (const domid of domids) script.changed.push({ domid, state: 1, id: BigInt(domid) });
      tracker.drain();
    };
    const take = async (many: number): Promise<void> => {
      for (let at = 0; at < many; at += 1) seen.push((await changes.next()).value?.domain.domid);
    };
    come([1, 2, 3]);
    await take(2);
    come([4, 5, 6, 7]);
    await take(1);
    come([8]);
    await take(5);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    come([9, 10, 11, 12, 13, 14]);
    await take(5);
    await expect(changes.next()).rejects.toMatchObject({ code: "queue-overflow" });
  });

  test("gives nothing after return, not even what was queued", async () => {
    const { script, tracker } = setup();
    tracker.start();
    const changes = changesOf(tracker);
    script.changed.push({ domid: 1, state: 1, id: 1n });
    tracker.drain();
    await changes.return?.();
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test("ends at once with a signal that is aborted already, and on return", async () => {
    const { script, tracker } = setup();
    tracker.start();
    expect(await changesOf(tracker, { signal: AbortSignal.abort() }).next()).toMatchObject({
      done: true,
    });
    const changes = changesOf(tracker);
    const waiting = changes.next();
    await changes.return?.();
    expect(await waiting).toMatchObject({ done: true });
    script.changed.push({ domid: 1, state: 1, id: 1n });
    tracker.drain();
    expect(await changes.next()).toMatchObject({ done: true });
  });
});
