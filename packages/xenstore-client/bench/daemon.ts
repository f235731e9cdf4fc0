import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Daemon, startDaemon } from "@xenkit/oracle";
import { type Client, connect } from "@xenkit/xenstore-client";
import { unix } from "@xenkit/xenstore-client/unix";

/** The C daemon, and a client of it. */
export interface BenchDaemon {
  readonly daemon: Daemon;
  readonly client: Client;
  /** Puts the daemon and this process on the same CPU, or on two; nothing is done when they are there already. */
  place(where: Placement): void;
  /** CPU time that the daemon has taken, in nanoseconds; exact while it runs on this CPU. */
  cpuTime(): number;
}

/** Where the daemon runs, seen from its client. */
export type Placement = "the same CPU" | "another CPU";

/** Both end with this process. */
export const startBenchDaemon = async (): Promise<BenchDaemon> => {
  const daemon = await startDaemon({ kind: "c" });
  const client = await connect(unix(daemon.socketPath));
  let placed: Placement | undefined;
  const pin = (pid: number, cpu: number): void => {
    execFileSync("taskset", ["-acp", String(cpu), String(pid)], { stdio: "ignore" });
  };
  const statistics = `/proc/${daemon.pid}/schedstat`;
  return {
    daemon,
    client,
    cpuTime: () => Number(readFileSync(statistics, "latin1").split(" ", 1)[0]),
    place: (where) => {
      if (placed === where) return;
      placed = where;
      pin(process.pid, 0);
      pin(daemon.pid, where === "the same CPU" ? 0 : 1);
    },
  };
};

/** What of a client's work on one CPU is the daemon's: no client can be faster than that. */
export const DAEMON_ALONE = "the daemon's CPU time in that";

/** Measures it. @param work - As for `sampleAsync`. */
export const daemonAlone = async (
  { cpuTime }: BenchDaemon,
  work: () => Promise<unknown>,
  operations: number,
): Promise<number> => {
  const before = cpuTime();
  await work();
  return (cpuTime() - before) / operations;
};
