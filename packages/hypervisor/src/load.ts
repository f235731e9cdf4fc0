import { CAPS, DOMID, NR_VIRQS, virqClass } from "@xenkit/abi";
import { Bitmap } from "@xenkit/bitmap";
import { checkLoaded, type Loaded } from "./check-loaded.ts";
import { type Checked, checked } from "./checked.ts";
import { type Domain, LIFE } from "./domain.ts";
import { DomainTable } from "./domain-table.ts";
import { DomidAllocator } from "./domid-allocator.ts";
import { PAGE_SIZE } from "./guest-memory.ts";
import { fromHex, halvesOf } from "./hex.ts";
import { loadDomain } from "./load-domain.ts";
import { type Machine, noHandlers } from "./machine.ts";
import { LAST_HANDLE, Mappings } from "./mappings.ts";
import type { Port } from "./port-table.ts";
import { STATE_VERSION } from "./state.ts";
import { finishFree } from "./steps.ts";
import type { UniqueIds } from "./unique-ids.ts";

const LAST_DOMID: number = DOMID.firstReserved - 1;

/**
 * Puts a dumped state into the machine. The state is not trusted: every index is checked and every
 * relation between its parts.
 *
 * @throws HypervisorError "bad-state"; then the machine is as it was.
 */
export const loadMachine = (machine: Machine, state: unknown): void => {
  const root = checked(state, "state");
  root.at("version").integer(STATE_VERSION, STATE_VERSION);
  root.at("release").oneOf([machine.profile.release]);
  const table = loadTable(machine, root);
  const loaded: Loaded = {
    table,
    ...loadDomids(root, table),
    uniqueIds: loadUniqueIds(machine, root),
    mappings: loadMappings(machine, root, table),
    hardware: loadHardware(root, table),
    virqHandlers: loadHandlers(root, table),
    changed: loadChanged(root),
    down: root.at("down").isNull ? undefined : root.at("down").integer(0, 0xff),
  };
  linkTargets(root, table);
  checkLoaded(root, loaded);
  const waiting = root
    .at("deliveries")
    .items()
    .map((item) => waitingPort(table, item));
  Object.assign(machine, loaded);
  machine.deliveries.clear();
  for (const [domain, port] of waiting) machine.deliveries.push(domain, port);
  const { schedule = (free) => free() } = machine;
  for (const domid of [...machine.limbo]) schedule(() => finishFree(machine, domid));
};

const pairOf = (item: Checked): [Checked, Checked] => {
  const [first, second, ...rest] = item.items();
  if (first === undefined || second === undefined || rest.length > 0) throw item.fail("is no pair");
  return [first, second];
};

/** The domain that a domid in the state names. */
const domainAt = (table: DomainTable, item: Checked): Domain => {
  const domain = table.find(item.integer(0, LAST_DOMID));
  if (domain === undefined) throw item.fail("is no domain of this state");
  return domain;
};

const waitingPort = (table: DomainTable, item: Checked): [Domain, Port] => {
  const [domid, number] = pairOf(item);
  const domain = domainAt(table, domid);
  const port = domain.ports.get(number.integer(1, domain.ports.limit));
  if (port === undefined) throw number.fail("is no open port");
  if (port.queued) throw item.fail("waits already");
  port.queued = true;
  return [domain, port];
};

const loadTable = (machine: Machine, root: Checked): DomainTable => {
  const table = new DomainTable();
  const ids = new Set<bigint>();
  for (const item of root.at("domains").items()) {
    const domain = loadDomain(machine, item);
    const id = item.at("uniqueId").id();
    if (table.find(domain.domid) !== undefined) throw item.fail("has the domid of another");
    if (ids.has(id)) throw item.fail("has the unique id of another");
    ids.add(id);
    table.link(domain);
  }
  if (table.count > machine.limits.domains) throw root.at("domains").fail("are too many");
  return table;
};

const loadDomids = (root: Checked, table: DomainTable): Pick<Loaded, "domids" | "limbo"> => {
  const domids = new DomidAllocator();
  const limbo = new Set<number>();
  domids.cursor = root.at("domidCursor").integer(0, LAST_DOMID);
  for (const { domid } of table) domids.take(domid);
  for (const item of root.at("limbo").items()) {
    const domid = item.integer(0, LAST_DOMID);
    if (domids.isUsed(domid)) throw item.fail("is the domid of a domain that is there");
    domids.take(domid);
    limbo.add(domid);
  }
  return { domids, limbo };
};

const loadUniqueIds = (machine: Machine, root: Checked): UniqueIds => {
  const ids = root.at("uniqueIds");
  ids.at("policy").oneOf([machine.uniqueIds.policy]);
  // 0: nothing handed out yet, this host's own first id is still to come.
  return machine.uniqueIds.after(halvesOf(ids.at("last").id()));
};

const loadHardware = (root: Checked, table: DomainTable): Domain | undefined => {
  const item = root.at("hardware");
  if (item.isNull) return undefined;
  const domain = domainAt(table, item);
  if ((domain.caps & CAPS.hardware) === 0 || domain.life !== LIFE.alive) {
    throw item.fail("is no living domain with the hardware capability");
  }
  return domain;
};

const loadHandlers = (root: Checked, table: DomainTable): (Domain | undefined)[] => {
  const handlers = noHandlers();
  for (const item of root.at("virqHandlers").items()) {
    const [field, domid] = pairOf(item);
    const virq = field.integer(0, NR_VIRQS - 1);
    if (virqClass(virq) !== "global") throw field.fail("is no global VIRQ");
    const domain = domainAt(table, domid);
    if (domain.life === LIFE.dead) throw domid.fail("is dead");
    handlers[virq] = domain;
  }
  return handlers;
};

const loadChanged = (root: Checked): Bitmap | undefined => {
  const field = root.at("changed");
  if (field.isNull) return undefined;
  const changed = new Bitmap(DOMID.firstReserved);
  for (const item of field.items()) changed.set(item.integer(0, LAST_DOMID));
  return changed;
};

const loadMappings = (machine: Machine, root: Checked, table: DomainTable): Mappings => {
  const mappings = new Mappings();
  const mapped = new Map<string, Uint8Array>();
  mappings.nextHandle = root.at("nextHandle").integer(1, LAST_HANDLE);
  for (const item of root.at("mappings").items()) {
    const handle = item.at("handle").integer(1, LAST_HANDLE);
    const mapper = domainAt(table, item.at("mapper"));
    if (mapper.life === LIFE.dead) throw item.at("mapper").fail("is dead");
    const owner = domainAt(table, item.at("owner"));
    const gfn = item.at("gfn").integer(0, Number.MAX_SAFE_INTEGER);
    const ref = item.at("ref").integer(-1, 2 ** 32 - 1);
    const hex = item.at("page").hex(PAGE_SIZE);
    if (mappings.get(handle) !== undefined) throw item.fail("has the handle of another");
    // A dead owner has given its pages back: what all its mappers see is one page still.
    const key = `${owner.domid}:${gfn}`;
    const shared = owner.life === LIFE.dead ? mapped.get(key) : owner.memory.page(gfn);
    const page = shared ?? machine.allocatePage();
    mapped.set(key, page);
    fromHex(hex, page);
    mappings.add({ handle, mapper, owner, ref, gfn, page });
    if (owner !== mapper) owner.references += 1;
  }
  return mappings;
};

const linkTargets = (root: Checked, table: DomainTable): void => {
  for (const item of root.at("domains").items()) {
    if (item.at("target").isNull) continue;
    const domain = domainAt(table, item.at("domid"));
    const target = domainAt(table, item.at("target"));
    if (target === domain) throw item.at("target").fail("is the domain itself");
    if (domain.life === LIFE.dead) throw item.at("target").fail("is of a dead domain");
    domain.target = target;
    target.references += 1;
  }
};
