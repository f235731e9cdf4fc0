import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { startBenchDaemon } from "./daemon.ts";

/** The client's memory over very many requests: writes, the events that they cause, reads, transactions. */

const STEPS = [10_000, 100_000, 400_000, 700_000, 1_000_000];
const BATCH = 250;

const collect = globalThis.gc;
assert.ok(collect !== undefined, "run by node --expose-gc");

const { client, daemon } = await startBenchDaemon();
let events = 0;
const subscription = client.subscribe("/bench", () => {
  events += 1;
});

/** Four requests a turn; a transaction is four more now and then. */
const batch = async (): Promise<void> => {
  const all: Promise<unknown>[] = [];
  for (let index = 0; index < BATCH - 4; index += 2) {
    all.push(client.write(`/bench/${index % 50}`, `value ${index}`), client.read("/bench"));
  }
  await Promise.all(all);
  await client.transaction(async (tx) => {
    await tx.read("/bench/0");
    await tx.write("/bench/0", "x");
  });
};

const lines = ["| requests | heap after collection, KiB | events so far |", "|---:|---:|---:|"];
const heaps: number[] = [];
await client.write("/bench", "");
for (let requests = 0, step = 0; step < STEPS.length; requests += BATCH) {
  if (requests >= (STEPS[step] ?? 0)) {
    collect();
    const kib = process.memoryUsage().heapUsed / 1024;
    heaps.push(kib);
    lines.push(`| ${requests.toLocaleString("en-US")} | ${kib.toFixed(0)} | ${events} |`);
    step += 1;
  }
  await batch();
}
await subscription.close();
await client.close();
await daemon.stop();

const growth = (heaps[heaps.length - 1] ?? 0) - (heaps[1] ?? 0);
const table = [
  "# The client's memory over a million requests",
  "",
  ...lines,
  "",
  `From 100,000 requests to 1,000,000 the heap changes by ${growth.toFixed(0)} KiB. Made by \`npm run bench -- xenstore-client\` (memory.bench.ts).`,
  "",
].join("\n");
process.stdout.write(table);
if (process.env["XENKIT_BENCH_QUICK"] !== "1") {
  await writeFile(new URL("./memory.md", import.meta.url), table);
}
assert.ok(growth < 1024, "the heap grows with the number of requests");
