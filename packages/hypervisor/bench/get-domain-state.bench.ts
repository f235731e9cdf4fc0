import assert from "node:assert/strict";
import { DOMID, DomainStateView, HYPERVISOR, VIRQ } from "@xenkit/abi";
import { bench, loadC, type Row } from "@xenkit/bench";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";

const c = loadC(new URL("./get-domain-state.c", import.meta.url), {
  make_host:
    "void make_host(const int32_t *domids, int count, const int32_t *marked, int marked_count)",
  checksum: "double checksum()",
  time_drain: "double time_drain(int rounds)",
});

/**
 * Domids as a host has them that has been up for long: they are handed out upwards, so they spread.
 */
const spread = (count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * 32_751) / count) + 1);

/** As many of them, at even distances. */
const some = (domids: Int32Array, count: number): Int32Array =>
  Int32Array.from(
    { length: count },
    (_, at) => domids[Math.floor((at * domids.length) / count)] ?? 0,
  );

const hostOf = (domids: Int32Array): Hypervisor => {
  const host = createHypervisor();
  for (const domid of domids) host.createDomain({ domid });
  host.eventChannels(0).bindVirq(VIRQ.domExc);
  return host;
};

const view = new DomainStateView();

const drain = (host: Hypervisor): number => {
  let seen = 0;
  for (;;) {
    view.writeRequest(DOMID.invalid);
    if (host.hypercall(0, HYPERVISOR.domctl, view.bytes) !== 0) return seen;
    seen += view.domid + view.state + view.uniqueIdLow;
  }
};

const mark = (host: Hypervisor, domids: Int32Array): void => {
  for (const domid of domids) {
    host.shutdownDomain(domid);
    host.resumeDomain(domid);
  }
};

/** Nanoseconds of one hypercall, of drains to ENOENT. */
const timeDrain = (host: Hypervisor, domids: Int32Array, rounds: number): number => {
  let empty = 0;
  let total = 0;
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    empty += performance.now() - start;
  }
  for (let round = 0; round < rounds; round += 1) {
    mark(host, domids);
    const start = performance.now();
    drain(host);
    total += performance.now() - start;
  }
  return ((total - empty) * 1e6) / rounds / (domids.length + 1);
};

const SIZES = [10, 1_000, 32_000];
const FEW = [1, 8, 64];

interface Case {
  readonly name: string;
  readonly domids: Int32Array;
  readonly marked: Int32Array;
}

const cases: Case[] = SIZES.flatMap((size) => {
  const domids = spread(size);
  const few = FEW.filter((count) => count < size).map((count) => ({
    name: `${size.toLocaleString("en-US")} domains, ${count} marked`,
    domids,
    marked: some(domids, count),
  }));
  return [
    ...few,
    { name: `${size.toLocaleString("en-US")} domains, all marked`, domids, marked: domids },
  ];
});

const FRESH = Int32Array.from({ length: 10 }, (_, at) => at + 1);
cases.push({
  name: "10 domains of a fresh host, 1 marked",
  domids: FRESH,
  marked: FRESH.slice(4, 5),
});

const hosts = new Map<Int32Array, Hypervisor>();
const hostFor = (domids: Int32Array): Hypervisor => {
  const host = hosts.get(domids) ?? hostOf(domids);
  hosts.set(domids, host);
  return host;
};

const useInC = ({ domids, marked }: Case): void => {
  c.make_host(domids, domids.length, marked, marked.length);
};

let inC: Case | undefined;

const rowOf = (one: Case): Row => {
  const host = hostFor(one.domids);
  drain(host);
  const rounds = Math.max(1, Math.round(20_000 / (one.marked.length + 1)));
  return {
    name: one.name,
    contenders: {
      "C, flat scan": () => {
        if (inC !== one) useInC(one);
        inC = one;
        return c.time_drain(rounds);
      },
      ours: () => timeDrain(host, one.marked, rounds),
    },
  };
};

await bench(import.meta, {
  name: "get-domain-state",
  title: "A whole get_domain_state hypercall: bytes in, checks, drain, bytes out",
  unit: "ns per hypercall, drained to ENOENT",
  baseline: "C, flat scan",
  verify: () => {
    for (const one of cases) {
      const host = hostFor(one.domids);
      useInC(one);
      drain(host);
      mark(host, one.marked);
      assert.equal(drain(host), c.checksum(), one.name);
    }
  },
  rows: () => cases.map(rowOf),
  targets: cases.map(({ name, marked, domids }) => ({
    row: name,
    contender: "ours",
    against: "C, flat scan",
    atMost: marked.length === domids.length ? 3 : 0.5,
  })),
  notes:
    "Domids are spread over all that there are, as on a host that has been up for long; on the fresh host they are 1 to 10. A drain ends with the call that answers ENOENT.",
});
