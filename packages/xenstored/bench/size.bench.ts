import { strict as assert } from "node:assert";
import { bench, sample } from "@xenkit/bench";
import { binary, bytesOf, encodeMessage, joinStrings, MESSAGE } from "@xenkit/xenstore-wire";
import { createStoreDaemon, type StoreConnection } from "@xenkit/xenstored";

/** What a request costs must not depend on what else is in the store. */

const SMALL = 100;
const LARGE = 100_000;
const SIBLINGS = 10_000;
const WATCHES = 10_000;
const BATCH = 500;

const encode = (type: number, payload: string): Uint8Array =>
  encodeMessage({ type, reqId: 0, txId: 0, payload: bytesOf(payload) });

const newClient = (): StoreConnection =>
  createStoreDaemon({ domains: { getDomainInfo: () => undefined } }).connect({
    output: () => {},
    closed: () => {},
  });

const ask = (client: StoreConnection, request: Uint8Array): Uint8Array => {
  client.receive(request);
  return client.output.take();
};

/** A store of `nodes` nodes, a hundred to a folder. */
const storeOf = (nodes: number): StoreConnection => {
  const client = newClient();
  for (let index = 0; index < nodes; index += 1) {
    ask(client, encode(MESSAGE.write, `/t/${Math.floor(index / 100)}/${index}\0${"v".repeat(64)}`));
  }
  return client;
};

/** A folder with `siblings` children. */
const folderOf = (siblings: number): StoreConnection => {
  const client = newClient();
  for (let index = 0; index < siblings; index += 1)
    ask(client, encode(MESSAGE.mkdir, `/f/${index}\0`));
  return client;
};

/** One watch that hears, and `others` that do not. */
const watchedBy = (others: number): StoreConnection => {
  const client = newClient();
  ask(client, encode(MESSAGE.watch, joinStrings(["/f", "t"])));
  for (let index = 0; index < others; index += 1) {
    ask(client, encode(MESSAGE.watch, joinStrings([`/w/${index}`, "t"])));
  }
  return client;
};

const repeat =
  (client: StoreConnection, ...requests: readonly Uint8Array[]) =>
  (): number =>
    sample(() => {
      for (let round = 0; round < BATCH; round += 1)
        for (const request of requests) ask(client, request);
    }, BATCH);

const READ = encode(MESSAGE.read, "/t/0/7\0");
const WRITE = encode(MESSAGE.write, `/t/0/7\0${"w".repeat(64)}`);
const MKDIR = encode(MESSAGE.mkdir, "/f/new\0");
const RM = encode(MESSAGE.rm, "/f/new\0");
const CHANGE = encode(MESSAGE.write, "/f/a\0x");

await bench(import.meta, {
  name: "size",
  title: "What a request costs in a small and in a large store",
  unit: "ns per request (framing, checks, store, reply; no socket)",
  baseline: "small",
  verify: () => {
    for (const client of [storeOf(SMALL), storeOf(SMALL * 10)]) {
      assert.equal(binary(ask(client, READ), 16), "v".repeat(64));
    }
    assert.deepEqual(ask(watchedBy(0), CHANGE), ask(watchedBy(100), CHANGE));
  },
  rows: () => {
    const [small, large] = [storeOf(SMALL), storeOf(LARGE)];
    return [
      {
        name: `READ, among ${SMALL} and ${LARGE} nodes`,
        contenders: { small: repeat(small, READ), large: repeat(large, READ) },
      },
      {
        name: `WRITE, among ${SMALL} and ${LARGE} nodes`,
        contenders: { small: repeat(small, WRITE), large: repeat(large, WRITE) },
      },
      {
        name: `MKDIR and RM, beside 10 and ${SIBLINGS} siblings`,
        contenders: {
          small: repeat(folderOf(10), MKDIR, RM),
          large: repeat(folderOf(SIBLINGS), MKDIR, RM),
        },
      },
      {
        name: `WRITE with one event, beside 10 and ${WATCHES} other watches`,
        contenders: {
          small: repeat(watchedBy(10), CHANGE),
          large: repeat(watchedBy(WATCHES), CHANGE),
        },
      },
    ];
  },
  targets: [
    {
      row: `READ, among ${SMALL} and ${LARGE} nodes`,
      contender: "large",
      against: "small",
      atMost: 1.5,
    },
    {
      row: `MKDIR and RM, beside 10 and ${SIBLINGS} siblings`,
      contender: "large",
      against: "small",
      atMost: 1.5,
    },
  ],
});
