import {
  createDomain,
  DOMCTL,
  DOMCTL_PAYLOAD_OFFSET,
  DOMCTL_SIZE,
  DOMID,
  EVTCHNOP,
  evtchnBindVirq,
  getDomainState,
  HYPERVISOR,
  INTERFACE_VERSION,
  SCHEDOP,
  schedRemoteShutdown,
  VIRQ,
} from "@xenkit/abi";
import { type Call, createRequest, type Hypervisor } from "@xenkit/hypervisor";

/**
 * What a CPU does, as text: the verb, a domid, and for some who does it (dom0 when nobody is named).
 *
 * - `create D`, `shutdown D`, `resume D`, `destroy D`, `set-handler D`: a toolstack;
 * - `bind by D`, `drain by D`, `query D by C`: hypercalls of some domain;
 * - `crash`: the consumer is killed and a new one started; `resync`: it starts again by itself.
 */
export interface Command {
  readonly text: string;
  readonly verb: string;
  /** What it is about; -1 for nothing. */
  readonly domid: number;
  readonly caller: number;
}

const PATTERN = /^([a-z-]+)(?: (\d+))?(?: by (\d+))?$/;
const VERBS = new Set(
  "create shutdown resume destroy set-handler bind drain query crash resync".split(" "),
);

export const parseCommand = (text: string): Command => {
  const [, verb = "", domid = "-1", caller = "0"] = PATTERN.exec(text) ?? [];
  if (!VERBS.has(verb)) throw new Error(`${text}: no such command`);
  return { text, verb, domid: Number(domid), caller: Number(caller) };
};

const domctlBytes = (cmd: number, domid: number, word = 0): Uint8Array => {
  const bytes = new Uint8Array(DOMCTL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cmd, true);
  view.setUint32(4, INTERFACE_VERSION["4.22"], true);
  view.setUint16(8, domid, true);
  view.setUint32(DOMCTL_PAYLOAD_OFFSET, word, true);
  return bytes;
};

/** A hypercall, before it is made. */
export interface Hypercall {
  readonly caller: number;
  readonly op: number;
  /** Read when it is made, written when it is over. */
  readonly bytes: Uint8Array;
  readonly cmd: number;
}

/** The hypercall that a command is; not for `crash` and `resync`, which are none. */
export const hypercallOf = ({ verb, domid, caller }: Command): Hypercall => {
  const domctl = (bytes: Uint8Array): Hypercall => ({
    caller,
    op: HYPERVISOR.domctl,
    bytes,
    cmd: 0,
  });
  switch (verb) {
    case "create": {
      const bytes = domctlBytes(DOMCTL.createdomain, domid);
      createDomain["4.22"].encode(createRequest(), bytes, DOMCTL_PAYLOAD_OFFSET);
      return domctl(bytes);
    }
    case "shutdown": {
      const bytes = schedRemoteShutdown.encode({ domainId: domid, reason: 0 });
      return { caller, op: HYPERVISOR.schedOp, bytes, cmd: SCHEDOP.remoteShutdown };
    }
    case "resume":
      return domctl(domctlBytes(DOMCTL.resumedomain, domid));
    case "destroy":
      return domctl(domctlBytes(DOMCTL.destroydomain, domid));
    case "set-handler":
      return domctl(domctlBytes(DOMCTL.setVirqHandler, domid, VIRQ.domExc));
    case "bind": {
      const bytes = evtchnBindVirq.encode({ virq: VIRQ.domExc, vcpu: 0, port: 0 });
      return { caller, op: HYPERVISOR.eventChannelOp, bytes, cmd: EVTCHNOP.bindVirq };
    }
    case "drain":
      return domctl(getDomainState.encodeRequest(DOMID.invalid));
    default:
      return domctl(getDomainState.encodeRequest(domid));
  }
};

/** Begins the hypercall that a command is. */
export const beginCommand = (host: Hypervisor, command: Command): Call => {
  const { caller, op, bytes, cmd } = hypercallOf(command);
  return host.begin(caller, op, bytes, cmd);
};
