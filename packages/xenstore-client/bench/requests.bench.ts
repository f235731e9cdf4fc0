import assert from "node:assert/strict";
import { bench, loadC, type Sampler, sampleAsync } from "@xenkit/bench";
import {
  type BenchDaemon,
  DAEMON_ALONE,
  daemonAlone,
  type Placement,
  startBenchDaemon,
} from "./daemon.ts";

const PATH = "/bench/name";
const VALUE = "a value of usual length";
const IN_FLIGHT = 64;
const EACH = 20;

const c = loadC(new URL("./libxenstore.c", import.meta.url), {
  open_store: "int open_store(const char *socket_path)",
  read_values: "double read_values(const char *path, int count)",
});

/** Made in the measuring processes only. */
let running: BenchDaemon | undefined;

const start = async (): Promise<BenchDaemon> => {
  running = await startBenchDaemon();
  assert.equal(c.open_store(running.daemon.socketPath), 1, "libxenstore4 is needed");
  await running.client.write(PATH, VALUE);
  return running;
};

const rows = (daemon: BenchDaemon, where: Placement) => {
  const { client, place } = daemon;
  const placed =
    (sampler: Sampler): Sampler =>
    () => {
      place(where);
      return sampler();
    };
  const inTurn = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await client.read(PATH);
  };
  const pipelined = (): Promise<unknown> =>
    Promise.all(Array.from({ length: IN_FLIGHT }, () => inTurn(EACH)));
  const libxenstore = placed(() => c.read_values(PATH, 300));
  return [
    {
      name: `one at a time, daemon on ${where}`,
      contenders: {
        libxenstore,
        "xenstore-client": placed(() => sampleAsync(() => inTurn(300), 300)),
      },
    },
    {
      name: `${IN_FLIGHT} in flight, daemon on ${where}`,
      contenders: {
        libxenstore,
        "xenstore-client": placed(() => sampleAsync(pipelined, IN_FLIGHT * EACH)),
        ...(where === "the same CPU" && {
          [DAEMON_ALONE]: placed(() => daemonAlone(daemon, pipelined, IN_FLIGHT * EACH)),
        }),
      },
    },
  ];
};

await bench(import.meta, {
  name: "requests",
  title: "READ requests to the C daemon of Xen 4.17",
  unit: "ns per request, wall clock, daemon included",
  baseline: "libxenstore",
  verify: async () => {
    const { client } = await start();
    assert.equal(await client.read(PATH), VALUE);
    // The optimiser must have seen it: a request takes microseconds, a sample has only hundreds.
    for (let count = 0; count < 5000; count += 1) await client.read(PATH);
    assert.ok(c.read_values(PATH, 10) > 0);
  },
  rows: async () => {
    const daemon = running ?? (await start());
    return [...rows(daemon, "the same CPU"), ...rows(daemon, "another CPU")];
  },
  targets: (["the same CPU", "another CPU"] as const).flatMap((where) => [
    {
      row: `one at a time, daemon on ${where}`,
      contender: "xenstore-client",
      against: "libxenstore",
      atMost: 1.5,
    },
    {
      row: `${IN_FLIGHT} in flight, daemon on ${where}`,
      contender: "xenstore-client",
      against: "libxenstore",
      atMost: 1 / 3,
    },
  ]),
  notes:
    "libxenstore cannot have more than one request in flight: its row is the same work in turn. The daemon makes two reads, two writes and a poll for each request, whatever its client does: on one CPU that time alone is about the target.",
});

await running?.client.close();
await running?.daemon.stop();
