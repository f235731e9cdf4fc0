import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectSocket, exchange } from "@xenkit/oracle";
import { bytesOf, MESSAGE } from "@xenkit/xenstore-wire";
import { createStoreDaemon, type StoreDaemon } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";
import { type ClientCounts, clientLife } from "./client.ts";
import { liveBytes } from "./heap.ts";
import { seededRandom } from "./random.ts";

export interface SoakOptions {
  /** In all; a tenth of it again goes before the first look at the memory. */
  readonly requests: number;
  /** At the same time. */
  readonly connections: number;
  readonly seed: number;
}

export interface SoakResult extends ClientCounts {
  /** How many clients came and went. */
  readonly clients: number;
  readonly seconds: number;
  /** What the daemon counted when all were gone, and when it was new. */
  readonly left: StoreDaemon["counts"];
  readonly fresh: StoreDaemon["counts"];
  /** How many bytes more live afterwards than before, of daemon and clients together. */
  readonly grown: number;
}

/** A client lives for so many requests, at most. */
const LONGEST_LIFE = 1000;

/** Has clients come and go until enough requests are answered, then looks at what is left of them. */
export const soak = async ({ requests, connections, seed }: SoakOptions): Promise<SoakResult> => {
  const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
  const fresh = daemon.counts;
  const folder = await mkdtemp(join(tmpdir(), "xenkit-soak-"));
  const server = await serveUnix(daemon, join(folder, "socket"));
  const wave = (count: number, of: number): Promise<Wave> =>
    runWave({ path: server.path, requests: count, connections, seed: of });
  try {
    await wave(requests / 10, seed + 1);
    await settle(daemon, server.path);
    const before = await liveBytes();
    const start = performance.now();
    const counts = await wave(requests, seed);
    const seconds = (performance.now() - start) / 1000;
    await settle(daemon, server.path);
    const grown = (await liveBytes()) - before;
    return { ...counts, seconds, left: daemon.counts, fresh, grown };
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
};

interface Wave extends ClientCounts {
  clients: number;
}

interface WaveOptions extends SoakOptions {
  readonly path: string;
}

const runWave = async ({ path, requests, connections, seed }: WaveOptions): Promise<Wave> => {
  const total: Wave = { clients: 0, requests: 0, replies: 0, events: 0, conflicts: 0 };
  let planned = 0;
  const places = Array.from({ length: connections }, async (_, place) => {
    const random = seededRandom(seed * connections + place);
    while (planned < requests) {
      const wanted = Math.min(1 + random(LONGEST_LIFE), requests - planned);
      planned += wanted;
      total.clients += 1;
      const counts = await clientLife(path, `${place}`, wanted, random);
      total.requests += counts.requests;
      total.replies += counts.replies;
      total.events += counts.events;
      total.conflicts += counts.conflicts;
    }
  });
  await Promise.all(places);
  return total;
};

/** Waits until the daemon has noticed that all have hung up, and removes what they wrote. */
const settle = async (daemon: StoreDaemon, path: string): Promise<void> => {
  while (daemon.counts.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await using connection = await connectSocket(path);
  const payload = bytesOf("/soak\0");
  await exchange(connection, { type: MESSAGE.rm, reqId: 1, txId: 0, payload });
  await connection.close();
  while (daemon.counts.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
};
