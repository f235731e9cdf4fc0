import assert from "node:assert/strict";
import { bench, loadC, type Sampler, sampleAsync } from "@xenkit/bench";
import { type BenchDaemon, type Placement, startBenchDaemon } from "./daemon.ts";

const PATH = "/bench/name";
const VALUE = "a value of usual length";
const REPLY = 16 + VALUE.length;
const IN_FLIGHT = 64;

const c = loadC(new URL("./libxenstore.c", import.meta.url), {
  open_both: "int open_both(const char *socket_path)",
  read_values: "double read_values(const char *path, int count)",
  read_bursts: "double read_bursts(const char *path, int reply, int bursts)",
});

/** Made in the measuring processes only. */
let running: BenchDaemon | undefined;

const start = async (): Promise<BenchDaemon> => {
  running = await startBenchDaemon();
  assert.equal(c.open_both(running.daemon.socketPath), 1, "libxenstore4 is needed");
  await running.client.write(PATH, VALUE);
  return running;
};

const rows = ({ client, place }: BenchDaemon, where: Placement) => {
  const placed =
    (sampler: Sampler): Sampler =>
    () => {
      place(where);
      return sampler();
    };
  const inTurn = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await client.read(PATH);
  };
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
        "xenstore-client": placed(() =>
          sampleAsync(
            () => Promise.all(Array.from({ length: IN_FLIGHT }, () => inTurn(20))),
            IN_FLIGHT * 20,
          ),
        ),
        "C, bursts of 64, replies not looked at": placed(() => c.read_bursts(PATH, REPLY, 20)),
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
    assert.ok(c.read_bursts(PATH, REPLY, 2) > 0);
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
    "libxenstore cannot have more than one request in flight: its row is the same work in turn. The third contender does nothing but write and read: on one CPU it shows what the daemon alone takes.",
});

await running?.client.close();
await running?.daemon.stop();
