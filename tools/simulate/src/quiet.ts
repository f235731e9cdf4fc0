import { type Belonging, noInheritance, noLostChange, type Truth } from "@xenkit/explore";
import { binary, childPath, MESSAGE, parsePermission } from "@xenkit/xenstore-wire";
import { Broken } from "./broken.ts";
import type { Dom0 } from "./dom0.ts";
import { listed } from "./model-perms.ts";
import type { World } from "./world.ts";

/** What is looked at. */
export interface Quiet {
  readonly world: World;
  readonly dom0: Dom0;
  readonly truth: Truth;
}

/** Looks at everything, when nothing is under way. @throws Broken */
export const assertQuiet = (quiet: Quiet): void => {
  assertTable(quiet);
  const found = foundIn(quiet.dom0);
  assertNoInheritance(quiet, belongingsIn(found, quiet));
  assertStore(found, quiet);
  assertWatches(quiet);
  assertCounts(quiet);
};

export const assertNoInheritance = (
  { truth }: Pick<Quiet, "truth">,
  belongings: Iterable<Belonging>,
): void => assertHolds(noInheritance(belongings, truth));

export const assertHolds = (
  broken: { readonly property: string; readonly seen: string } | undefined,
): void => {
  if (broken !== undefined) throw new Broken(`${broken.property}: ${broken.seen}`);
};

/** What the tracker knows is what is there. @throws Broken */
export const assertTable = ({ world: { host }, dom0, truth }: Quiet): void => {
  const { reports, tracker } = dom0;
  assertHolds(reports.atRest(truth));
  const isMarked = (domid: number): boolean => (host.dump().changed ?? []).includes(domid);
  assertHolds(noLostChange(tracker.snapshot(), host.domains(), isMarked));
};

/** What the daemon has of domains that ended, as far as one can see without a look into the store. */
export function* belongingsOf(
  { world: { daemon, model }, dom0 }: Quiet,
  domid: number,
  id: bigint,
): Generator<Belonging> {
  const usage = daemon.usage(domid);
  if (usage === undefined) return;
  const { nodes, watches, transactions } = usage.quotas;
  if (!model.domains.has(domid)) yield { what: "the record", domid, id };
  const more = nodes.used - model.owned(domid);
  if (more > 0) yield { what: `${more} nodes`, domid, id };
  const session = [...dom0.rings.served].find((guest) => guest.domid === domid)?.session;
  const set = session?.ledger.size ?? 0;
  if (watches.used > set) yield { what: `${watches.used - set} watches`, domid, id };
  if (transactions.used > (session?.transactions.length ?? 0)) {
    yield { what: "a transaction", domid, id };
  }
}

/** What the daemon has of who had the domid of a domain that it has just met. */
export function* inheritedBy(
  { world: { daemon }, dom0 }: Quiet,
  domid: number,
): Generator<Belonging> {
  const id = dom0.lastEnded.get(domid);
  const usage = daemon.usage(domid);
  if (id === undefined || usage === undefined) return;
  for (const [name, { peak, refusals }] of Object.entries(usage.quotas)) {
    if (refusals > 0) yield { what: `${refusals} refusals by ${name}`, domid, id };
    // Nodes may be its own already, and what they take.
    const isOwn = name === "nodes" || name.endsWith("memory");
    if (peak > 0 && !isOwn) yield { what: `a peak of ${peak} ${name}`, domid, id };
  }
}

/** A node as a client of dom0 finds it. */
interface Found {
  readonly value: string;
  readonly perms: readonly string[];
  readonly children: readonly string[];
}

/** The whole store, by path. */
const foundIn = (dom0: Dom0): Map<string, Found> => {
  const stringsOf = (type: number, path: string): string[] =>
    binary(dom0.ask(type, `${path}\0`).payload)
      .split("\0")
      .slice(0, -1);
  const found = new Map<string, Found>();
  for (const path of ["@releaseDomain", "@introduceDomain"]) {
    found.set(path, { value: "", perms: stringsOf(MESSAGE.getPerms, path), children: [] });
  }
  const waiting = ["/"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const children = stringsOf(MESSAGE.directory, path);
    const value = binary(dom0.ask(MESSAGE.read, `${path}\0`).payload);
    found.set(path, { value, perms: stringsOf(MESSAGE.getPerms, path), children });
    for (const name of children) waiting.push(childPath(path, name));
  }
  return found;
};

/** Whom each entry of each node was made for: who had the domid then. */
function* belongingsIn(
  found: ReadonlyMap<string, Found>,
  { world: { model }, dom0 }: Quiet,
): Generator<Belonging> {
  for (const [path, { perms }] of found) {
    for (const text of perms) {
      const domid = parsePermission(text)?.domid ?? 0;
      const entry = model.nodes.get(path)?.perms.find((one) => one.domid === domid);
      // What was made for nobody means nothing; what the model has not was a predecessor's.
      const { who } = entry ?? {};
      const id = typeof who === "object" ? who.id : dom0.lastEnded.get(domid);
      const isStale = entry !== undefined && typeof who !== "object";
      if (domid !== 0 && id !== undefined && !isStale) {
        yield { what: `the entry ${text} on ${path}`, domid, id };
      }
    }
  }
}

const assertStore = (found: ReadonlyMap<string, Found>, { world: { model } }: Quiet): void => {
  for (const path of model.nodes.keys()) {
    if (!found.has(path)) throw new Broken(`${path} should be there`);
  }
  for (const [path, { value, perms, children }] of found) {
    const node = model.nodes.get(path);
    if (node === undefined) throw new Broken(`${path} should not be there`);
    assertSame(
      `permissions of ${path}`,
      perms.map((text) => `${text}\0`).join(""),
      listed(node.perms),
    );
    assertSame(`value of ${path}`, value, node.value);
    assertSame(`children of ${path}`, children.join(), [...node.children].join());
  }
};

const assertSame = (what: string, found: string, expected: string): void => {
  if (found !== expected) throw new Broken(`${what}: ${found}, not ${expected}`);
};

const assertWatches = ({ dom0 }: Quiet): void => {
  const expected = [...dom0.rings.served].filter(({ isExpected }) => isExpected);
  for (const { session } of [...dom0.sockets, ...expected]) {
    // One that is not idle has too much memory, and is not read.
    const missed = session?.isIdle ? session.ledger.missed() : undefined;
    if (missed !== undefined) throw new Broken(missed);
  }
};

/** Exactly what there should be: of everything, and of each domain. */
const assertCounts = ({ world: { daemon, model }, dom0 }: Quiet): void => {
  const sessions = [...dom0.sessions()];
  const sum = (of: (session: (typeof sessions)[number]) => number): number =>
    sessions.reduce((total, session) => total + of(session), 0);
  const open = [...dom0.rings.served].filter(({ connection }) => connection?.closed === false);
  const expected = {
    connections: dom0.sockets.length + open.length,
    nodes: model.nodes.size,
    watches: sum(({ ledger }) => ledger.size),
    transactions: sum(({ transactions }) => transactions.length),
    domains: model.domains.size,
  };
  assertEqual("counts", daemon.counts, expected);
  for (const { domid } of model.domains.values()) {
    const usage = daemon.usage(domid);
    if (domid === 0 || usage === undefined) continue;
    const { quotas } = usage;
    const guest = [...dom0.rings.served].find((one) => one.domid === domid);
    const transactions = guest?.session?.transactions.length ?? 0;
    const ledger = guest?.session?.ledger;
    const kept = (ledger?.memory ?? 0) + (guest?.connection?.output.length ?? 0);
    const used = {
      nodes: quotas.nodes.used,
      watches: quotas.watches.used,
      transactions: quotas.transactions.used,
      // Copies of open transactions: only the daemon knows how many.
      memory: transactions > 0 ? 0 : quotas.memory.used,
      // Of who is not read for want of memory, nobody waits for the rest.
      outstanding:
        guest?.isExpected && usage.held !== "memory"
          ? Math.max(0, quotas.outstanding.used - halfTold(dom0))
          : 0,
    };
    assertEqual(`use of domain ${domid}`, used, {
      nodes: model.owned(domid),
      watches: ledger?.size ?? 0,
      transactions,
      memory: transactions > 0 ? 0 : model.nodeMemory(domid) + kept,
      outstanding: 0,
    });
  }
};

/** An event that was begun must be ended: whom it is for can hold one request of another by not reading it. */
export const halfTold = ({ rings }: Dom0): number =>
  [...rings.served].filter(
    ({ isExpected, connection }) => !isExpected && (connection?.output.length ?? 0) > 0,
  ).length;

const assertEqual = (
  what: string,
  found: object,
  expected: Readonly<Record<string, number>>,
): void => {
  const values = new Map<string, unknown>(Object.entries(found));
  for (const [name, value] of Object.entries(expected)) {
    if (values.get(name) === value) continue;
    throw new Broken(`${what}: ${name} is ${values.get(name)}, not ${value}`);
  }
};
