import { type Belonging, noInheritance, noLostChange, type Truth } from "@xenkit/explore";
import { binary, MESSAGE, parsePermission } from "@xenkit/xenstore-wire";
import { Broken } from "./broken.ts";
import type { Dom0 } from "./dom0.ts";
import { isLive, listed } from "./model-perms.ts";
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
  assertNoInheritance(quiet, belongingsIn(quiet));
  assertStore(quiet);
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

const assertTable = ({ world: { host }, dom0: { reports, tracker }, truth }: Quiet): void => {
  const { changed } = host.dump();
  assertHolds(reports.atRest(truth));
  const isMarked = (domid: number): boolean => (changed ?? []).includes(domid);
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

/** Whom each entry of each node was made for: who had the domid then. */
function* belongingsIn({ world: { model }, dom0 }: Quiet): Generator<Belonging> {
  for (const path of walk(dom0)) {
    for (const text of stringsOf(dom0, MESSAGE.getPerms, path)) {
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

const assertStore = ({ world: { model }, dom0 }: Quiet): void => {
  let count = 0;
  for (const path of walk(dom0)) {
    const node = model.nodes.get(path);
    if (node === undefined) throw new Broken(`${path} should not be there`);
    count += 1;
    const perms = stringsOf(dom0, MESSAGE.getPerms, path).map((text) => `${text}\0`);
    if (perms.join("") !== listed(node.perms)) {
      throw new Broken(`${path} has permissions ${perms}, not ${listed(node.perms)}`);
    }
    if (node.perms.some((entry) => entry.who !== undefined && !isLive(entry))) {
      throw new Broken(`the model of ${path} has a grant of who has ended`);
    }
    if (path.startsWith("@")) continue;
    const value = binary(dom0.ask(MESSAGE.read, `${path}\0`).payload);
    if (value !== node.value) throw new Broken(`${path} is ${value}, not ${node.value}`);
    const names = stringsOf(dom0, MESSAGE.directory, path).join();
    const expected = [...node.children].join();
    if (names !== expected) throw new Broken(`${path} has children ${names}, not ${expected}`);
  }
  if (count !== model.nodes.size) {
    const lost = [...model.nodes.keys()].filter((path) => ![...walk(dom0)].includes(path));
    throw new Broken(`${lost} should be there`);
  }
};

function* walk(dom0: Dom0): Generator<string> {
  yield* ["@releaseDomain", "@introduceDomain"];
  const waiting = ["/"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    yield path;
    for (const name of stringsOf(dom0, MESSAGE.directory, path)) {
      waiting.push(path === "/" ? `/${name}` : `${path}/${name}`);
    }
  }
}

const stringsOf = (dom0: Dom0, type: number, path: string): string[] =>
  binary(dom0.ask(type, `${path}\0`).payload)
    .split("\0")
    .slice(0, -1);

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
