import { EVTCHNSTAT, joinHalves, VIRQ } from "@xenkit/abi";
import type { Checked } from "./checked.ts";
import { LIFE } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";

/**
 * What a state holds, built beside the machine: only when all of it is right does it take the
 * machine's place.
 */
export type Loaded = Pick<
  Machine,
  | "table"
  | "domids"
  | "uniqueIds"
  | "mappings"
  | "hardware"
  | "virqHandlers"
  | "changed"
  | "limbo"
  | "down"
>;

/**
 * Checks the relations between the parts of a state.
 *
 * @throws HypervisorError "bad-state".
 */
export const checkLoaded = (root: Checked, loaded: Loaded): void => {
  checkChannels(root, loaded);
  checkRecording(root, loaded);
  checkUniqueIds(root, loaded);
  checkReferences(root, loaded);
};

/** Both ends of a channel must say that they are. */
const checkChannels = (root: Checked, { table }: Loaded): void => {
  for (const domain of table) {
    for (const port of domain.ports) {
      if (port.kind !== EVTCHNSTAT.interdomain) continue;
      const other = table.find(port.remoteDomid)?.ports.get(port.remotePort);
      const whole =
        other?.kind === EVTCHNSTAT.interdomain &&
        other.remoteDomid === domain.domid &&
        other.remotePort === port.number;
      if (!whole) {
        throw root.fail(`port ${port.number} of domain ${domain.domid} has no other end`);
      }
    }
  }
};

/** Changes are recorded exactly while their handler has VIRQ_DOM_EXC bound. */
const checkRecording = (root: Checked, loaded: Loaded): void => {
  const handler = handlerOf(loaded, VIRQ.domExc);
  let isBound = false;
  for (const domain of loaded.table) {
    if (domain.ports.ofVirq(VIRQ.domExc, 0) === undefined) continue;
    if (domain !== handler) {
      throw root.fail(`domain ${domain.domid} has VIRQ_DOM_EXC bound and does not handle it`);
    }
    isBound = true;
  }
  if (isBound !== (loaded.changed !== undefined)) {
    throw root.at("changed").fail("must be there exactly while VIRQ_DOM_EXC is bound");
  }
};

/** No domain has an id that is still to come, as far as that can be told from the last one. */
const checkUniqueIds = (root: Checked, { table, uniqueIds }: Loaded): void => {
  const last = joinHalves(uniqueIds.low, uniqueIds.high);
  for (const { domid, idLow, idHigh } of table) {
    const isPast =
      uniqueIds.policy === "xorshift" ? last !== 0n : joinHalves(idLow, idHigh) <= last;
    if (!isPast)
      throw root.at("uniqueIds").at("last").fail(`comes before the id of domain ${domid}`);
  }
};

/** A dead domain without references would be gone. */
const checkReferences = (root: Checked, { table }: Loaded): void => {
  for (const domain of table) {
    if (domain.life === LIFE.dead && domain.references === 0) {
      throw root.fail(`domain ${domain.domid} is dead and nobody holds it`);
    }
  }
};
