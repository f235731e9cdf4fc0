import { createClient, isXenstoreError, type Transport } from "@xenkit/xenstore-client";
import { encodeMessage, FrameReader, MESSAGE, type Message } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** What a caller may do, each at a moment that the scheduler picks. */
const act = fc.constantFrom(
  "read",
  "read and abort",
  "begin",
  "begin and abort",
  "transaction",
  "transaction without requests",
  "watch",
  "watch and abort",
  "wait for",
  "tree",
  "cut",
  "close",
);

const COMMIT = "T".charCodeAt(0);

/** A server whose every move, and whose client's timers, wait for the scheduler. */
const scheduled = (scheduler: fc.Scheduler) => {
  let cut: () => void = () => {};
  const open = new Set<number>();
  let lastTx = 0;
  let commits = 0;
  return {
    cut: () => cut(),
    open,
    get commits() {
      return commits;
    },
    runtime: {
      random: () => 0.5,
      soon: queueMicrotask,
      after: (_: number, callback: () => void) => {
        let live = true;
        void scheduler.schedule(Promise.resolve(), "timer").then(() => {
          if (live) callback();
        });
        return () => {
          live = false;
        };
      },
    },
    transport: {
      name: "scheduled",
      open: (peer: Parameters<Transport["open"]>[0]) => {
        let live = true;
        const reader = new FrameReader();
        open.clear();
        const later = (label: string, what: () => void): void => {
          void scheduler.schedule(Promise.resolve(), label).then(() => {
            if (live) what();
          });
        };
        cut = () => {
          if (!live) return;
          live = false;
          peer.closed(new Error("cut"));
        };
        later("open", () => peer.opened());
        const replies: Uint8Array[] = [];
        return {
          send: (bytes: Uint8Array) => {
            reader.push(bytes.slice());
            while (reader.next()) {
              const { type, reqId, txId } = reader;
              let payload = "x\0";
              if (type === MESSAGE.transactionStart) {
                lastTx += 1;
                open.add(lastTx);
                payload = `${lastTx}\0`;
              }
              if (type === MESSAGE.transactionEnd && open.delete(txId)) {
                if (reader.payload[0] === COMMIT) commits += 1;
              }
              if (type === MESSAGE.directory) payload = "";
              const say = (message: Message): void => {
                replies.push(encodeMessage(message));
                later("message", () => peer.received(replies.shift() ?? new Uint8Array(0)));
              };
              say({ type, reqId, txId, payload: new TextEncoder().encode(payload) });
              if (type === MESSAGE.watch) {
                const event = reader.payload.slice();
                say({ type: MESSAGE.watchEvent, reqId: 0, txId: 0, payload: event });
              }
            }
            return true;
          },
          close: () => {
            live = false;
          },
        };
      },
    },
  };
};

describe("any interleaving of requests, cancellations and disconnects", () => {
  test("settles every promise, leaves no transaction open, and says which were committed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(act, { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (scheduler, acts, reconnects) => {
          const server = scheduled(scheduler);
          const client = createClient(server.transport, {
            runtime: server.runtime,
            connectMs: Number.POSITIVE_INFINITY,
            silenceMs: Number.POSITIVE_INFINITY,
            closeMs: Number.POSITIVE_INFINITY,
            maxInFlight: 3,
            ...(reconnects ? { reconnect: {} } : {}),
          });
          const settled: number[] = [];
          const all: Promise<unknown>[] = [];
          const follow = (promise: Promise<unknown>): void => {
            const index = all.length;
            settled.push(0);
            const note = (): void => {
              settled[index] = (settled[index] ?? 0) + 1;
            };
            all.push(promise.then(note, note));
          };
          let committed = 0;
          let perhaps = 0;
          const commits = async (transaction: Promise<unknown>): Promise<void> => {
            try {
              await transaction;
              committed += 1;
            } catch (error) {
              if (isXenstoreError(error) && error.mayHaveExecuted) perhaps += 1;
            }
          };
          const abortable = (ask: (signal: AbortSignal) => Promise<unknown>): void => {
            const controller = new AbortController();
            follow(ask(controller.signal));
            void scheduler.schedule(Promise.resolve(), "abort").then(() => controller.abort());
          };
          const perform = {
            read: () => follow(client.read("/a")),
            "read and abort": () => abortable((signal) => client.read("/a", { signal })),
            begin: () => follow(client.begin().then((tx) => tx.abort())),
            "begin and abort": () =>
              abortable((signal) =>
                commits(client.begin({ signal }).then((tx) => tx.commit({ signal }))),
              ),
            transaction: () => follow(commits(client.transaction((tx) => tx.read("/a")))),
            "transaction without requests": () => follow(commits(client.transaction(() => {}))),
            watch: () => follow(client.watch("/a").next()),
            "watch and abort": () => abortable((signal) => client.watch("/a", { signal }).next()),
            "wait for": () => abortable((signal) => client.waitFor("/a", () => true, { signal })),
            tree: () => follow(client.tree("/a")),
            cut: () => server.cut(),
            close: () => follow(client.close()),
          } satisfies Record<string, () => void>;
          for (const name of acts) {
            void scheduler.schedule(Promise.resolve(), name).then(() => perform[name]());
          }
          await scheduler.waitIdle();
          if (client.status === "ready") expect(server.open.size).toBe(0);
          follow(client.close());
          await scheduler.waitIdle();
          for (let turn = 0; turn < 5; turn += 1) {
            await new Promise((resolve) => setImmediate(resolve));
            await scheduler.waitIdle();
          }
          expect(settled).toEqual(settled.map(() => 1));
          // None is taken for committed that was not, and none is committed twice.
          expect(server.commits).toBeGreaterThanOrEqual(committed);
          expect(server.commits).toBeLessThanOrEqual(committed + perhaps);
          expect(client.status).toBe("closed");
          expect(client.load).toEqual({ inFlight: 0, queued: 0 });
        },
      ),
      { numRuns: 1000 },
    );
  });
});
