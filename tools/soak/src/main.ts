import { parseArgs } from "node:util";
import { soak } from "./soak.ts";

const USAGE = `usage: npm run soak -- [--requests N] [--connections N] [--seed S]

Has clients that come and go ask our Xenstore daemon on a socket (1,000,000 requests, 200 at a time), with watches and
transactions that are committed, aborted or left open. Exit status: 0 nothing is left of them, 1 something is, 2 usage.`;

/** What V8 keeps of a busy hour: more than this is a leak. */
const GROWTH_UP_TO = 4 << 20;

const read = ():
  | { readonly requests: number; readonly connections: number; readonly seed: number }
  | undefined => {
  try {
    const { values } = parseArgs({
      options: {
        requests: { type: "string", default: "1000000" },
        connections: { type: "string", default: "200" },
        seed: { type: "string", default: "1" },
      },
    });
    const [requests, connections, seed] = [values.requests, values.connections, values.seed].map(
      Number,
    );
    if (requests === undefined || connections === undefined || seed === undefined) return undefined;
    return requests >= 1 && connections >= 1 && Number.isInteger(seed)
      ? { requests, connections, seed }
      : undefined;
  } catch {
    return undefined;
  }
};

const options = read();
if (options === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const result = await soak(options);
  const { requests, replies, events, conflicts, clients, seconds, left, fresh, grown } = result;
  console.log(
    `${requests} requests from ${clients} clients, ${options.connections} at a time, in ${seconds.toFixed(1)} s: ` +
      `${replies} replies, ${events} events, ${conflicts} conflicts`,
  );
  console.log(`left: ${JSON.stringify(left)}, when new: ${JSON.stringify(fresh)}`);
  console.log(`memory: ${(grown / 1024).toFixed(0)} KiB more than before`);
  const same = JSON.stringify(left) === JSON.stringify(fresh);
  process.exitCode = same && replies === requests && grown <= GROWTH_UP_TO ? 0 : 1;
}
