import { DOMID, EVTCHNSTAT, VIRQ } from "@xenkit/abi";
import { Bitmap } from "@xenkit/bitmap";
import type { Domain } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import {
  about,
  aboutDomid,
  aboutPort,
  Operation,
  perform,
  type Step,
  type StepKind,
} from "./operation.ts";
import type { Port } from "./port-table.ts";

/** Sets the pending bit of a port. A port that is pending already, or masked, is not told again. */
export const setPending = (machine: Machine, domain: Domain, port: Port): void => {
  const { pending } = domain.ports;
  if (pending.has(port.number)) return;
  pending.add(port.number);
  if (!port.masked && !port.queued) machine.deliveries.push(domain, port);
};

/** Sends a VIRQ to one domain, if it has bound it. */
export const sendVirq = (machine: Machine, domain: Domain, virq: number, vcpu: number): void => {
  const port = domain.ports.ofVirq(virq, vcpu);
  if (port !== undefined) setPending(machine, domain, port);
};

/** Records that something changed about a domid, if anybody wants to know. */
export const MARK: StepKind = {
  name: "mark",
  run: (machine, { domid }) => machine.changed?.set(domid),
};

/** Sends VIRQ_DOM_EXC to its handler, if there is one. */
const RAISE: StepKind = {
  name: "raise",
  run: (machine) => {
    const handler = handlerOf(machine, VIRQ.domExc);
    if (handler !== undefined) sendVirq(machine, handler, VIRQ.domExc, 0);
  },
};

/** Plans what tells the handler of a change: the mark, then the VIRQ, or nobody could drain it. */
export const planNotice = (machine: Machine, operation: Operation, domid: number): void => {
  const mark = aboutDomid(MARK, domid);
  const raise = aboutDomid(RAISE, domid);
  if (machine.noticeOrder === "mark-first") operation.plan(mark, raise);
  else operation.plan(raise, mark);
};

/** Starts recording changes, with one mark for each domain that is there. */
export const startRecording = (machine: Machine): void => {
  const changed = new Bitmap(DOMID.firstReserved);
  for (const { domid } of machine.table) changed.set(domid);
  machine.changed = changed;
};

export const stopRecording = (machine: Machine): void => {
  machine.changed = undefined;
};

const isOpen = (domain: Domain, port: Port): boolean => domain.ports.get(port.number) === port;

const STOP_RECORDING: StepKind = {
  name: "stop-recording",
  run: (machine, { domain, port }) => {
    // Another vCPU may have closed the port and bound the VIRQ afresh.
    if (domain !== undefined && port !== undefined && isOpen(domain, port)) stopRecording(machine);
  },
};

/** The other end of a channel becomes unbound. */
const CLOSE_PORT: StepKind = {
  name: "close-port",
  run: (machine, { domain, port }) => {
    if (domain === undefined || port === undefined || !isOpen(domain, port)) return;
    domain.ports.close(port);
    if (port.kind !== EVTCHNSTAT.interdomain) return;
    const remote = machine.table.find(port.remoteDomid)?.ports.get(port.remotePort);
    if (remote === undefined) return;
    remote.kind = EVTCHNSTAT.unbound;
    remote.remoteDomid = domain.domid;
    remote.remotePort = 0;
  },
};

/**
 * Plans what closing a port takes. With VIRQ_DOM_EXC the recording of changes ends, and ends first: while
 * the port is there nobody can have started another one.
 */
const planClose = (operation: Operation, domain: Domain, port: Port): void => {
  const close = aboutPort(CLOSE_PORT, domain, port);
  if (port.virq === VIRQ.domExc) operation.plan(aboutPort(STOP_RECORDING, domain, port), close);
  else operation.plan(close);
};

/** Plans to close every port of a domain, lowest first. */
export const planReset = (operation: Operation, domain: Domain): void => {
  for (const port of [...domain.ports].reverse()) planClose(operation, domain, port);
};

export const closePort = (machine: Machine, domain: Domain, port: Port): number => {
  const operation = new Operation(machine);
  planClose(operation, domain, port);
  return perform(machine, operation);
};

/** Puts a new domain where it can be found. Its domid is taken already. */
export const LINK: StepKind = {
  name: "link",
  run: (machine, { domain }) => {
    if (domain !== undefined) machine.table.link(domain);
  },
};

const FREE_DOMID: StepKind = {
  name: "free-domid",
  run: (machine, { domid }, operation) => {
    // Loading another state took the domid out of limbo.
    if (!machine.limbo.delete(domid)) return;
    machine.domids.free(domid);
    planNotice(machine, operation, domid);
  },
};

/** The end of a domid's use, at once or a grace period after its domain was unlinked. */
export const finishFree = (machine: Machine, domid: number): number =>
  perform(machine, new Operation(machine, aboutDomid(FREE_DOMID, domid)));

/** Takes a dead domain that nobody holds out of where it can be found. Its domid stays in use. */
const UNLINK: StepKind = {
  name: "unlink",
  run: (machine, { domain, domid }, operation) => {
    // It is planned for every domain that dies, whoever holds it.
    if (domain === undefined || domain.references !== 0) return;
    // Another CPU may have freed it already.
    if (machine.table.find(domid) !== domain) return;
    machine.table.unlink(domain);
    machine.limbo.add(domid);
    machine.deliveries.forget(domid);
    if (machine.schedule === undefined) operation.plan(aboutDomid(FREE_DOMID, domid));
    else machine.schedule(() => finishFree(machine, domid));
  },
};

/** Frees a dead domain if nobody holds it. */
export const freeing = (domain: Domain): Step => about(UNLINK, domain);
