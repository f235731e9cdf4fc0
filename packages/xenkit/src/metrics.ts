import { monitorEventLoopDelay } from "node:perf_hooks";
import type { StoreDaemon } from "@xenkit/xenstored";
import { Counter, Gauge, Registry } from "prom-client";

/** What a scrape is answered with. */
export interface Metrics extends Disposable {
  readonly contentType: string;
  /** In the text format of Prometheus. */
  readonly text: () => Promise<string>;
}

const LOOP_RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

/** The metrics of a Xenstore daemon and of the process that it runs in. The daemon counts; here it is only shown. */
export const storeMetrics = (
  daemon: Pick<StoreDaemon, "counters" | "counts" | "usages">,
): Metrics => {
  const { counters } = daemon;
  const registry = new Registry();
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();

  const counter = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly Sample[],
  ): void => {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.inc(labels, value);
      },
    });
  };
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly Sample[],
  ): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
  };

  counter("xenstored_requests_total", "Requests, by type and result.", ["type", "result"], () =>
    counters
      .requests()
      .map(({ type, result, count }) => ({ labels: { type, result }, value: count })),
  );
  counter("xenstored_events_total", "Watch events, by what became of them.", ["outcome"], () =>
    byLabel("outcome", {
      queued: counters.eventsQueued,
      merged: counters.eventsMerged,
      dropped: counters.eventsDropped,
      timed_out: counters.eventsTimedOut,
    }),
  );
  counter(
    "xenstored_transactions_total",
    "Transactions, by what became of them.",
    ["outcome"],
    () =>
      byLabel("outcome", {
        started: counters.transactionsStarted,
        committed: counters.transactionsCommitted,
        aborted: counters.transactionsAborted,
      }),
  );
  counter(
    "xenstored_conflicts_total",
    "Commits of what had changed meanwhile: refused with EAGAIN, or spared as no answer differs.",
    ["outcome"],
    () => byLabel("outcome", { refused: counters.conflicts, spared: counters.conflictsSpared }),
  );
  counter(
    "xenstored_quota_refusals_total",
    "Requests of guests refused, by quota.",
    ["quota"],
    () => byLabel("quota", counters.refusals),
  );
  counter("xenstored_connections_total", "Connections, opened and closed.", ["change"], () =>
    byLabel("change", { opened: counters.connectionsOpened, closed: counters.connectionsClosed }),
  );
  gauge("xenstored_objects", "What there is now, by kind.", ["kind"], () =>
    byLabel("kind", { ...daemon.counts }),
  );
  gauge("xenstored_domain_memory_bytes", "What is kept for a domain.", ["domid"], () =>
    daemon.usages().map(({ domid, quotas }) => ({
      labels: { domid: String(domid) },
      value: quotas.memory.used,
    })),
  );
  gauge("process_resident_memory_bytes", "Memory of the process.", [], () => [
    { labels: {}, value: process.memoryUsage.rss() },
  ]);
  gauge("process_heap_used_bytes", "Heap of the process in use.", [], () => [
    { labels: {}, value: process.memoryUsage().heapUsed },
  ]);
  gauge(
    "xenstored_loop_delay_seconds",
    "How late the event loop came round since the last scrape.",
    ["quantile"],
    () => loopDelay(delay),
  );

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    [Symbol.dispose]: () => delay.disable(),
  };
};

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const byLabel = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

const loopDelay = (delay: ReturnType<typeof monitorEventLoopDelay>): Sample[] => {
  // Without a sample there is no mean and no percentile.
  const late = (nanoseconds: number): number =>
    Math.max(0, (nanoseconds || 0) / NANOSECONDS - LOOP_RESOLUTION_MS / 1000);
  const samples = [
    { labels: { quantile: "0.5" }, value: late(delay.percentile(50)) },
    { labels: { quantile: "0.99" }, value: late(delay.percentile(99)) },
    { labels: { quantile: "1" }, value: delay.count === 0 ? 0 : late(delay.max) },
  ];
  delay.reset();
  return samples;
};
