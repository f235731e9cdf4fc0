import {
  DOMID,
  ERRNO,
  EVTCHNOP,
  EVTCHNSTAT,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnReset,
  evtchnStatus,
} from "@xenkit/abi";
import { readU32, writeU32 } from "./bytes.ts";
import { type Domain, LIFE } from "./domain.ts";
import {
  allocUnbound,
  bindInterdomain,
  bindIpi,
  bindVirq,
  resetPorts,
  send,
  unmask,
} from "./event-channels.ts";
import type { Machine } from "./machine.ts";
import type { Action } from "./policy.ts";
import { closePort } from "./steps.ts";

type Operation = (machine: Machine, caller: Domain, bytes: Uint8Array) => number;

interface Command {
  /** The size of the struct in bytes: a shorter buffer is EFAULT. */
  readonly size: number;
  readonly run: Operation;
}

/** The domain that a `dom` field names, or an errno. */
const subjectOf = (
  machine: Machine,
  caller: Domain,
  domid: number,
  action: Action,
): Domain | number => {
  if (domid === DOMID.self || domid === caller.domid) return caller;
  const domain = machine.table.find(domid);
  if (domain === undefined) return -ERRNO.ESRCH;
  return machine.policy(caller, action, domain) ? domain : -ERRNO.EPERM;
};

const allocUnboundOp: Operation = (machine, caller, bytes) => {
  const { dom, remoteDom } = evtchnAllocUnbound.decode(bytes, 0);
  const owner = subjectOf(machine, caller, dom, "evtchn_alloc_unbound");
  if (typeof owner === "number") return owner;
  // A domain on its way out has closed its ports for good.
  if (owner.life !== LIFE.alive) return -ERRNO.EINVAL;
  const port = allocUnbound(owner, remoteDom === DOMID.self ? caller.domid : remoteDom);
  if (port < 0) return port;
  writeU32(bytes, 4, port);
  return 0;
};

const bindInterdomainOp: Operation = (machine, caller, bytes) => {
  const { remoteDom, remotePort } = evtchnBindInterdomain.decode(bytes, 0);
  const remote = remoteDom === DOMID.self ? caller : machine.table.find(remoteDom);
  if (remote === undefined) return -ERRNO.ESRCH;
  const port = bindInterdomain(machine, caller, remote, remotePort);
  if (port < 0) return port;
  writeU32(bytes, 8, port);
  return 0;
};

const bindVirqOp: Operation = (machine, caller, bytes) => {
  const { virq, vcpu } = evtchnBindVirq.decode(bytes, 0);
  return bindVirq(machine, caller, virq, vcpu, (port) => {
    if (port < 0) return port;
    writeU32(bytes, 8, port);
    return 0;
  });
};

const bindIpiOp: Operation = (_machine, caller, bytes) => {
  const port = bindIpi(caller, readU32(bytes, 0));
  if (port < 0) return port;
  writeU32(bytes, 4, port);
  return 0;
};

const closeOp: Operation = (machine, caller, bytes) => {
  const port = caller.ports.get(readU32(bytes, 0));
  if (port === undefined) return -ERRNO.EINVAL;
  return closePort(machine, caller, port);
};

const sendOp: Operation = (machine, caller, bytes) => send(machine, caller, readU32(bytes, 0));

const unmaskOp: Operation = (machine, caller, bytes) => {
  const port = caller.ports.get(readU32(bytes, 0));
  if (port === undefined) return -ERRNO.EINVAL;
  unmask(machine, caller, port);
  return 0;
};

const statusOp: Operation = (machine, caller, bytes) => {
  const request = evtchnStatus.decode(bytes, 0);
  const domain = subjectOf(machine, caller, request.dom, "evtchn_status");
  if (typeof domain === "number") return domain;
  if (request.port > domain.ports.limit) return -ERRNO.EINVAL;
  const port = domain.ports.get(request.port);
  const status = port?.kind ?? EVTCHNSTAT.closed;
  const first = status === EVTCHNSTAT.virq ? port?.virq : port?.remoteDomid;
  evtchnStatus.encode(
    {
      ...request,
      status,
      vcpu: port?.vcpu ?? 0,
      u: { first: first ?? 0, second: port?.remotePort ?? 0 },
    },
    bytes,
    0,
  );
  return 0;
};

const resetOp: Operation = (machine, caller, bytes) => {
  const domain = subjectOf(machine, caller, evtchnReset.decode(bytes, 0).dom, "evtchn_reset");
  if (typeof domain === "number") return domain;
  return resetPorts(machine, domain);
};

const COMMANDS: ReadonlyMap<number, Command> = new Map([
  [EVTCHNOP.bindInterdomain, { size: evtchnBindInterdomain.size, run: bindInterdomainOp }],
  [EVTCHNOP.bindVirq, { size: evtchnBindVirq.size, run: bindVirqOp }],
  [EVTCHNOP.close, { size: evtchnClose.size, run: closeOp }],
  [EVTCHNOP.send, { size: 4, run: sendOp }],
  [EVTCHNOP.status, { size: evtchnStatus.size, run: statusOp }],
  [EVTCHNOP.allocUnbound, { size: evtchnAllocUnbound.size, run: allocUnboundOp }],
  [EVTCHNOP.bindIpi, { size: 8, run: bindIpiOp }],
  [EVTCHNOP.unmask, { size: 4, run: unmaskOp }],
  [EVTCHNOP.reset, { size: evtchnReset.size, run: resetOp }],
] as const);

/** event_channel_op: `cmd` in a register, its struct in the buffer. Unknown commands are ENOSYS. */
export const eventChannelOp = (
  machine: Machine,
  caller: Domain,
  cmd: number,
  bytes: Uint8Array | undefined,
): number => {
  const command = COMMANDS.get(cmd);
  if (command === undefined) return -ERRNO.ENOSYS;
  if (bytes === undefined || bytes.length < command.size) return -ERRNO.EFAULT;
  return command.run(machine, caller, bytes);
};
