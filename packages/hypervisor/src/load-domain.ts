import { DOMID, EVTCHNSTAT, NR_VIRQS, virqClass } from "@xenkit/abi";
import type { Checked } from "./checked.ts";
import { makeDomain } from "./create-domain.ts";
import { type Domain, type DomainConfig, LIFE, SHUTDOWN_PROGRESS } from "./domain.ts";
import { PAGE_SIZE } from "./guest-memory.ts";
import { fromHex, halvesOf } from "./hex.ts";
import { MAX_PAUSES, MAX_TEARDOWN_STEPS } from "./lifecycle.ts";
import type { Machine } from "./machine.ts";

const U16 = 0xffff;
const U32 = 2 ** 32 - 1;
const I31 = 2 ** 31 - 1;

/**
 * One domain of a state, linked nowhere yet and without a target. Its `references` are those held
 * by name only.
 */
export const loadDomain = (machine: Machine, item: Checked): Domain => {
  const id = halvesOf(nonZeroId(item.at("uniqueId")));
  const domain = makeDomain(machine, {
    domid: item.at("domid").integer(0, DOMID.firstReserved - 1),
    idLow: id.low,
    idHigh: id.high,
    caps: item.at("caps").integer(0, U16),
    config: loadConfig(machine, item.at("config")),
    teardownSteps: item.at("teardownSteps").integer(0, MAX_TEARDOWN_STEPS),
  });
  domain.life = item.at("life").integer(LIFE.alive, LIFE.dead);
  domain.shutdown = item.at("shutdown").integer(SHUTDOWN_PROGRESS.none, SHUTDOWN_PROGRESS.complete);
  const hasReason = domain.shutdown !== SHUTDOWN_PROGRESS.none;
  domain.shutdownReason = item
    .at("shutdownReason")
    .integer(hasReason ? 0 : -1, hasReason ? 0xff : -1);
  domain.pauseCount = item.at("pauseCount").integer(0, MAX_PAUSES);
  domain.vcpus = item.at("vcpus").integer(0, domain.config.maxVcpus);
  domain.maxMemKb = item.at("maxMemKb").id();
  domain.suspendPort = item.at("suspendPort").integer(-(2 ** 31), I31);
  domain.heldReferences = item.at("heldReferences").integer(0, I31);
  domain.references = domain.heldReferences;
  loadPorts(domain, item);
  loadPages(machine, domain, item);
  checkDeath(domain, item);
  return domain;
};

const nonZeroId = (item: Checked): bigint => {
  const id = item.id();
  if (id === 0n) throw item.fail("is 0, which means no domain");
  return id;
};

/** What a dead domain has given up. */
const checkDeath = ({ life, ports, grants, memory }: Domain, item: Checked): void => {
  if (life !== LIFE.dead) return;
  if (ports.count > 0 || [...grants, ...memory].length > 0) {
    throw item.fail("is dead and has ports, grants or pages");
  }
};

const loadConfig = ({ limits }: Machine, item: Checked): DomainConfig => ({
  ssidref: item.at("ssidref").integer(0, U32),
  handle: item.at("handle").hex(16).padStart(32, "0"),
  flags: item.at("flags").integer(0, U32),
  maxVcpus: item.at("maxVcpus").integer(1, limits.vcpus),
  maxEvtchnPort: item.at("maxEvtchnPort").integer(0, U32),
  maxGrantFrames: item.at("maxGrantFrames").integer(-(2 ** 31), I31),
});

const loadPorts = (domain: Domain, item: Checked): void => {
  const { ports } = domain;
  for (const record of item.at("ports").items()) {
    const number = record.at("number").integer(1, ports.limit);
    if (ports.get(number) !== undefined) throw record.fail("is open already");
    const port = ports.restore(number);
    port.kind = record.at("kind").integer(EVTCHNSTAT.unbound, EVTCHNSTAT.ipi);
    port.remoteDomid = record.at("remoteDomid").integer(0, U16);
    port.remotePort = record.at("remotePort").integer(0, U32);
    port.masked = record.at("masked").flag();
    const virq = record.at("virq").integer(0, NR_VIRQS - 1);
    const isOfVcpu =
      port.kind === EVTCHNSTAT.ipi ||
      (port.kind === EVTCHNSTAT.virq && virqClass(virq) === "per-vcpu");
    port.vcpu = record.at("vcpu").integer(0, isOfVcpu ? domain.vcpus - 1 : 0);
    if (port.kind !== EVTCHNSTAT.virq) continue;
    if (ports.ofVirq(virq, port.vcpu) !== undefined) throw record.fail("binds a VIRQ again");
    ports.bindVirq(port, virq, port.vcpu);
  }
  for (const entry of item.at("pending").items()) {
    const number = entry.integer(1, ports.limit);
    if (ports.get(number) === undefined) throw entry.fail("is no open port");
    ports.pending.add(number);
  }
};

const loadPages = (machine: Machine, domain: Domain, item: Checked): void => {
  const { limits } = machine;
  for (const entry of item.at("pages").items()) {
    const [gfn, hex] = entry.items();
    if (gfn === undefined || hex === undefined) throw entry.fail("is no pair");
    const page = domain.memory.page(gfn.integer(0, Number.MAX_SAFE_INTEGER));
    if (page === undefined) throw entry.fail(`is past the limit of ${limits.guestPages} pages`);
    fromHex(hex.hex(PAGE_SIZE), page);
  }
  for (const entry of item.at("grants").items()) {
    const [ref, grant] = entry.items();
    if (ref === undefined || grant === undefined) throw entry.fail("is no pair");
    domain.grants.set(ref.integer(0, domain.grants.size - 1), {
      grantee: grant.at("grantee").integer(0, U16),
      gfn: grant.at("gfn").integer(0, Number.MAX_SAFE_INTEGER),
      access: grant.at("access").oneOf(["read-write", "read-only"]),
    });
  }
};
