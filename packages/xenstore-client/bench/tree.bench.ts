import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { bench, sample, sampleAsync } from "@xenkit/bench";
import type { TreeNode } from "@xenkit/xenstore-client";
import {
  type BenchDaemon,
  DAEMON_ALONE,
  daemonAlone,
  type Placement,
  startBenchDaemon,
} from "./daemon.ts";

const ROOT = "/bench";
const NODES = 10_000;

let running: BenchDaemon | undefined;

/** As a host has them: some domains with some nodes each, on three levels. */
const plant = async ({ client }: BenchDaemon): Promise<void> => {
  const writes: Promise<void>[] = [];
  for (let domain = 0; domain < 99; domain += 1) {
    for (let node = 0; node < 100; node += 1) {
      writes.push(client.write(`${ROOT}/${domain}/node-${node}`, `value ${node} of ${domain}`));
    }
  }
  await Promise.all(writes);
};

const listing = ({ daemon }: BenchDaemon): string =>
  execFileSync("xenstore-ls", ["-f", ROOT], {
    env: { ...process.env, XENSTORED_PATH: daemon.socketPath },
    maxBuffer: 1 << 26,
    encoding: "latin1",
  });

const lines = (node: TreeNode): string[] =>
  node.children.flatMap((child) => [`${child.path} = "${child.value}"`, ...lines(child)]);

await bench(import.meta, {
  name: "tree",
  title: `A tree of ${NODES.toLocaleString("en-US")} nodes from the C daemon of Xen 4.17`,
  unit: "ns per node, wall clock, daemon included",
  baseline: "xenstore-ls -f",
  rounds: 5,
  verify: async () => {
    running = await startBenchDaemon();
    await plant(running);
    const tree = await running.client.tree(ROOT);
    assert.equal(`${lines(tree).join("\n")}\n`, listing(running));
    assert.equal(lines(tree).length, NODES - 1);
  },
  rows: () => {
    const daemon = running;
    assert.ok(daemon !== undefined);
    return (["the same CPU", "another CPU"] satisfies Placement[]).map((where) => ({
      name: `daemon on ${where}`,
      contenders: {
        "xenstore-ls -f": () => {
          daemon.place(where);
          return sample(() => listing(daemon), NODES);
        },
        "client.tree()": () => sampleAsync(() => daemon.client.tree(ROOT), NODES),
        ...(where === "the same CPU" && {
          [DAEMON_ALONE]: () => daemonAlone(daemon, () => daemon.client.tree(ROOT), NODES),
        }),
      },
    }));
  },
  targets: [{ contender: "client.tree()", against: "xenstore-ls -f", atMost: 1 / 5 }],
  notes:
    "Both need two requests for each node, READ and DIRECTORY: on one CPU the daemon's own time for them is more than the target.",
});

await running?.client.close();
await running?.daemon.stop();
