/** The headline of the design note: what it costs to learn of one change, with more and more domains. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { bench, type Row, sample } from "@xenkit/bench";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { DomainTracker, openXenmanage, type Xenmanage } from "@xenkit/xenmanage";
import { byDomainInfo, byDomainState, type Query, queryAll } from "./old-way.ts";
import { plot } from "./plot.ts";

const COUNTS = [10, 100, 1_000, 10_000, 32_000];
const INFO = "old: getdomaininfo of every domain";
const STATE = "old: get_domain_state of every domain";
const DRAIN = "new: drain to ENOENT";
const TRACKER = "new: DomainTracker, with event and table";
const OLD = [INFO, STATE];

/** A host with one way of learning: `learn` is called when a domain was shut down, and says which. */
interface Contender {
  readonly host: Hypervisor;
  readonly learn: () => number;
}

const hostWith = (domains: number): Hypervisor => {
  const host = createHypervisor();
  for (let count = 1; count < domains; count += 1) host.createDomain();
  return host;
};

const manageOf = (host: Hypervisor): Xenmanage =>
  openXenmanage({ hypercall: (op, buffer) => host.hypercall(0, op, buffer) });

const oldWay = (domains: number, queryOf: (host: Hypervisor) => Query): Contender => {
  const host = hostWith(domains);
  const query = queryOf(host);
  const domids = host.domains().map(({ domid }) => domid);
  const stopped = new Uint8Array(0x8000);
  const learn = (): number => {
    const domid = queryAll(query, domids, stopped);
    // It is resumed after each sample; the old way would need another round to see that.
    if (domid !== -1) stopped[domid] = 0;
    return domid;
  };
  return { host, learn };
};

const draining = (domains: number): Contender => {
  const host = hostWith(domains);
  const manage = manageOf(host);
  const events = host.eventChannels(0);
  const port = events.bindVirq(3);
  while (manage.poll());
  const learn = (): number => {
    events.clearPending(port);
    let domid = -1;
    while (manage.poll()) domid = manage.answer.domid;
    events.unmask(port);
    return domid;
  };
  return { host, learn };
};

const tracking = (domains: number): Contender => {
  const host = hostWith(domains);
  const tracker = new DomainTracker({
    manage: manageOf(host),
    events: host.eventChannels(0),
    onError: (error) => {
      throw error;
    },
  });
  tracker.start();
  let changed = -1;
  tracker.onChange(({ kind, domain }) => {
    if (kind === "shutdown") changed = domain.domid;
  });
  // The tracker learnt it from the event, before this is asked. So that it is a change the next time as well:
  const learn = (): number => {
    host.resumeDomain(changed);
    tracker.refresh(changed);
    return changed;
  };
  return { host, learn };
};

const MAKERS: Readonly<Record<string, (domains: number) => Contender>> = {
  [INFO]: (domains) => oldWay(domains, byDomainInfo),
  [STATE]: (domains) => oldWay(domains, (host) => byDomainState(manageOf(host))),
  [DRAIN]: draining,
  [TRACKER]: tracking,
};

/** Shuts one domain down, learns of it, and undoes it: `rounds` times, another domain each time. */
const changeAndLearn = ({ host, learn }: Contender, domains: number, rounds: number): void => {
  for (let round = 0; round < rounds; round += 1) {
    const domid = 1 + ((round * 7_919) % (domains - 1));
    host.shutdownDomain(domid);
    const learnt = learn();
    if (learnt !== domid) throw new Error(`learnt of ${learnt} instead of ${domid}`);
    host.resumeDomain(domid);
  }
};

const rowOf = (domains: number): Row => ({
  name: domains.toLocaleString("en-US"),
  contenders: Object.fromEntries(
    Object.entries(MAKERS).map(([name, make]) => {
      const contender = make(domains);
      const rounds = OLD.includes(name) ? Math.ceil(20_000 / domains) : 2_000;
      return [name, () => sample(() => changeAndLearn(contender, domains, rounds), rounds)];
    }),
  ),
});

/** Both find each change; the old way makes a hypercall for each domain, the new one two. */
const verify = (): void => {
  for (const [name, make] of Object.entries(MAKERS)) {
    const { host, learn } = make(50);
    let calls = 0;
    const { hypercall } = host;
    host.hypercall = (...args) => {
      calls += 1;
      return hypercall(...args);
    };
    host.shutdownDomain(33);
    assert.equal(learn(), 33);
    // The tracker's third asks for the domain that the bench resumes.
    assert.equal(calls, { [INFO]: 50, [STATE]: 50, [DRAIN]: 2, [TRACKER]: 3 }[name]);
  }
};

const figures = await bench(import.meta, {
  name: "headline",
  title: "Learning of one change, by the number of domains",
  unit: "ns for shutting a domain down and learning which one it was",
  baseline: STATE,
  verify,
  rows: () => COUNTS.map(rowOf),
  targets: [
    { row: "10", contender: DRAIN, against: STATE, atMost: 1 },
    { row: "1,000", contender: DRAIN, against: STATE, atMost: 1 / 50 },
    { row: "32,000", contender: DRAIN, against: STATE, atMost: 1 / 1_000 },
    { row: "32,000", contender: TRACKER, against: STATE, atMost: 1 / 200 },
  ],
  notes:
    "All on the emulator, hypercalls through bytes, one reused buffer each. The 4.17 daemon asks with getdomaininfo; get_domain_state by domid is the cheapest question there is. The drain is two hypercalls, whatever the number of domains. The tracker's time includes the event, the table, telling a listener, and one `refresh` to see the domain resumed for the next round.",
});

// A quick run is for looking at; it writes no table either.
if (figures !== undefined && process.env["XENKIT_BENCH_QUICK"] !== "1") {
  const series = [INFO, STATE, DRAIN, TRACKER].map((name) => ({
    name,
    points: COUNTS.map((domains) => ({
      x: domains,
      y: figures.time(domains.toLocaleString("en-US"), name) ?? Number.NaN,
    })),
  }));
  const docs = new URL("../../../docs/", import.meta.url);
  await mkdir(docs, { recursive: true });
  await writeFile(new URL("headline.svg", docs), plot(series));
}
