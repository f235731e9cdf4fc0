import { MESSAGE } from "@xenkit/xenstore-wire";
import type { TreeRequest } from "./model-types.ts";
import type { Random } from "./random.ts";
import type { Session } from "./session.ts";

/** The domids that there can be beside dom0's. */
export const LAST_DOMID = 6;

const SHARED = ["/t/a", "/t/b", "/t/c", "/t/a/a", "/t/a/b", "/t/b/a", "/t/b/a/x"] as const;
const KINDS = [
  "read",
  "read",
  "write",
  "write",
  "write",
  "mkdir",
  "rm",
  "directory",
  "getPerms",
  "setPerms",
] as const;
const LETTERS = ["n", "r", "w", "b"] as const;

const home = (random: Random): string => `/local/domain/${1 + random.below(LAST_DOMID)}`;

const OWN = ["data", "data/x", "data/x/y", "data/z", "data/a/b"] as const;

const randomPath = (random: Random, domid: number): string => {
  const kind = random.below(20);
  if (domid !== 0 && random.oneIn(3)) return random.pick(OWN);
  if (kind < 11) return random.pick(SHARED);
  if (kind < 14) return random.pick(OWN);
  if (kind < 17) return `${home(random)}/${random.pick(["data", "name", "data/x"])}`;
  if (kind < 18) return home(random);
  if (kind < 19) return "/t/big";
  return random.pick(["/t", "/", `/t/a/${"long".repeat(15)}`, "/t//a", "@releaseDomain"]);
};

/** Mostly short; at times longer than a guest's node may be, or than a ring. */
const randomValue = (random: Random): string => {
  const digits = `${random.below(1000)}`;
  if (random.below(12) > 0) return digits;
  return digits.repeat(random.oneIn(8) ? 1 + random.below(1000) : 1 + random.below(60));
};

const randomEntries = (random: Random): string => {
  const entry = (domid: number): string => `${random.pick(LETTERS)}${domid}`;
  const more = Array.from({ length: random.below(random.oneIn(10) ? 6 : 3) }, () =>
    entry(random.oneIn(9) ? 0x7ff5 : random.below(LAST_DOMID + 2)),
  );
  return more.join(" ");
};

const randomRequest = (random: Random, domid: number): TreeRequest => {
  const kind = random.pick(KINDS);
  const path = randomPath(random, domid);
  if (kind === "rm" && path === "/") return { kind: "directory", path, value: "" };
  if (kind !== "setPerms")
    return { kind, path, value: kind === "write" ? randomValue(random) : "" };
  // Mostly by who may be the owner.
  const owner = random.oneIn(6) ? random.below(LAST_DOMID + 1) : domid;
  const first = `${random.pick(path === "/t" || path === "/" ? ["b"] : LETTERS)}${owner}`;
  return { kind, path, value: `${first} ${randomEntries(random)}`.trim() };
};

/** What any client may ask: mostly reads and writes, alone and in transactions. */
export const anyRequest = (session: Session): void => {
  const { random } = session.world;
  const open = session.transactions.filter(({ id }) => id !== undefined);
  const transaction = open.length === 0 ? undefined : random.pick(open);
  if (transaction !== undefined && random.oneIn(6)) {
    if (session.isIdle) session.endTransaction(transaction, random.oneIn(6) ? "F" : "T");
    else session.read();
  } else if (open.length < 4 && random.oneIn(12)) session.startTransaction();
  else if (random.oneIn(12)) watchRequest(session);
  else if (random.oneIn(80)) refusedRequest(session);
  else if (transaction !== undefined && random.oneIn(4)) {
    // Together they may be more than a guest may own.
    session.tree({ kind: "mkdir", path: random.pick(OWN), value: "" }, transaction);
  } else
    session.tree(
      randomRequest(random, session.caller.domid),
      random.oneIn(3) ? undefined : transaction,
    );
};

const WATCHED = [
  "/t",
  "/t/a",
  "/t/b",
  "/t/a/a",
  "/t/b/a",
  "data",
  "@releaseDomain",
  "@introduceDomain",
] as const;

const watchRequest = (session: Session): void => {
  const { random } = session.world;
  const { watches } = session.ledger;
  const some = watches.size === 0 ? undefined : random.pick([...watches.values()]);
  if (some === undefined || (watches.size < 6 && random.oneIn(2))) {
    const path = random.oneIn(5) ? home(random) : random.pick(WATCHED);
    // Special nodes with a depth tell something else.
    const isWhole = path.startsWith("@") || random.oneIn(2);
    session.watch(path, isWhole ? {} : { depth: random.below(3) });
  } else if (random.oneIn(5)) session.watch(some.path, { token: some.token });
  else if (random.oneIn(6)) session.resetWatches();
  else session.unwatch(some.path, some.token);
};

/** What no guest may ask, what nobody may. */
const refusedRequest = (session: Session): void => {
  const { random } = session.world;
  const { privileged } = session.caller;
  const type = privileged
    ? 99
    : random.pick([99, MESSAGE.introduce, MESSAGE.setQuota, MESSAGE.control]);
  session.send(type, "1\x001\x001\0", 0, () => ({ answer: type === 99 ? "ENOSYS" : "EACCES" }));
};
