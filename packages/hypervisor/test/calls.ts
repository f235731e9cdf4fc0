import { Buffer } from "node:buffer";
import {
  type CreateDomain,
  createDomain,
  DOMCTL,
  DOMCTL_PAYLOAD_OFFSET,
  DOMCTL_SIZE,
  DOMID,
  ERRNO,
  EVTCHNOP,
  evtchnBindVirq,
  evtchnClose,
  getDomainState,
  HYPERVISOR,
  INTERFACE_VERSION,
  SCHEDOP,
  STATE,
  schedRemoteShutdown,
  VIRQ,
} from "@xenkit/abi";
import { type Call, createRequest, type Hypervisor, type StepName } from "@xenkit/hypervisor";

/** The request of an unstable domctl; the payload begins with these 32-bit words. */
export const domctlBytes = (
  host: Hypervisor,
  cmd: number,
  domid: number,
  ...words: number[]
): Uint8Array => {
  const bytes = new Uint8Array(DOMCTL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cmd, true);
  view.setUint32(4, INTERFACE_VERSION[host.release], true);
  view.setUint16(8, domid, true);
  words.forEach((word, at) => {
    view.setUint32(DOMCTL_PAYLOAD_OFFSET + 4 * at, word, true);
  });
  return bytes;
};

export const domctl = (
  host: Hypervisor,
  caller: number,
  cmd: number,
  domid: number,
  ...words: number[]
): number => host.hypercall(caller, HYPERVISOR.domctl, domctlBytes(host, cmd, domid, ...words));

/** The request for a PV domain, but for what `config` says. */
export const createBytes = (
  host: Hypervisor,
  domid: number,
  config: Partial<CreateDomain> = {},
): Uint8Array => {
  const bytes = domctlBytes(host, DOMCTL.createdomain, domid);
  createDomain[host.release].encode(
    { ...createRequest({ flags: 0 }), ...config },
    bytes,
    DOMCTL_PAYLOAD_OFFSET,
  );
  return bytes;
};

/** createdomain by dom0. @returns The domid, or −errno. */
export const create = (
  host: Hypervisor,
  domid: number,
  config: Partial<CreateDomain> = {},
): number => {
  const bytes = createBytes(host, domid, config);
  const result = host.hypercall(0, HYPERVISOR.domctl, bytes);
  return result === 0 ? new DataView(bytes.buffer).getUint16(8, true) : result;
};

export const shutdown = (host: Hypervisor, caller: number, domid: number, reason = 0): number =>
  host.hypercall(
    caller,
    HYPERVISOR.schedOp,
    schedRemoteShutdown.encode({ domainId: domid, reason }),
    SCHEDOP.remoteShutdown,
  );

export interface Answer {
  readonly domid: number;
  readonly state: number;
  readonly caps: number;
  readonly uniqueId: bigint;
}

/** get_domain_state by bytes. @returns The answer, or −errno. */
export const query = (host: Hypervisor, caller: number, domid: number): Answer | number => {
  const bytes = getDomainState.encodeRequest(domid);
  const result = host.hypercall(caller, HYPERVISOR.domctl, bytes);
  return result === 0 ? getDomainState.decode(bytes) : result;
};

/** Every answer until there is none; then the errno must be ENOENT. */
export const drain = (host: Hypervisor, caller = 0): Answer[] => {
  const answers: Answer[] = [];
  for (;;) {
    const answer = query(host, caller, DOMID.invalid);
    if (typeof answer !== "number") answers.push(answer);
    else if (answer === -ERRNO.ENOENT) return answers;
    else throw new Error(`the drain ended with ${answer}`);
  }
};

/** States that get_domain_state tells. */
export const ALIVE: number = STATE.exist;
export const DOWN: number = STATE.exist | STATE.shutdown;
export const DYING: number = STATE.exist | STATE.dying;
export const DEAD: number = STATE.exist | STATE.dead;
export const GONE = 0;

/** Domid and state of every answer of a drain. */
export const drained = (host: Hypervisor, caller = 0): [number, number][] =>
  drain(host, caller).map(({ domid, state }) => [domid, state]);

export interface Listener {
  readonly port: number;
  /** How many events came since it was last asked. */
  events(): number;
}

/**
 * Binds VIRQ_DOM_EXC for a domain and drains it. Each event is counted and its pending bit cleared.
 */
export const listen = (host: Hypervisor, domid = 0): Listener => {
  const channels = host.eventChannels(domid);
  const port = channels.bindVirq(VIRQ.domExc);
  let events = 0;
  channels.onPort(port, () => {
    channels.clearPending(port);
    events += 1;
  });
  drain(host, domid);
  return {
    port,
    events: () => {
      const count = events;
      events = 0;
      return count;
    },
  };
};

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The request of remote_shutdown. */
const shutdownBytes = (domid: number, reason: number): Uint8Array =>
  schedRemoteShutdown.encode({ domainId: domid, reason });

/** Hypercalls of dom0, begun and not carried out yet. */
export const begin = {
  create: (host: Hypervisor, domid: number): Call =>
    host.begin(0, HYPERVISOR.domctl, createBytes(host, domid)),
  shutdown: (host: Hypervisor, domid: number, reason = 0): Call =>
    host.begin(0, HYPERVISOR.schedOp, shutdownBytes(domid, reason), SCHEDOP.remoteShutdown),
  destroy: (host: Hypervisor, domid: number): Call =>
    host.begin(0, HYPERVISOR.domctl, domctlBytes(host, DOMCTL.destroydomain, domid)),
  drain: (host: Hypervisor, bytes: Uint8Array, caller = 0): Call => {
    bytes.set(getDomainState.encodeRequest(DOMID.invalid));
    return host.begin(caller, HYPERVISOR.domctl, bytes);
  },
  close: (host: Hypervisor, domid: number, port: number): Call =>
    host.begin(domid, HYPERVISOR.eventChannelOp, evtchnClose.encode({ port }), EVTCHNOP.close),
  bindVirq: (host: Hypervisor, domid: number, virq: number): Call =>
    host.begin(
      domid,
      HYPERVISOR.eventChannelOp,
      evtchnBindVirq.encode({ virq, vcpu: 0, port: 0 }),
      EVTCHNOP.bindVirq,
    ),
};

/**
 * Carries a hypercall out, and does something before each step.
 *
 * @returns The names of its steps.
 */
export const carryOut = (call: Call, before: (step: StepName) => void = () => {}): StepName[] => {
  const steps: StepName[] = [];
  for (let step = call.next; step !== undefined; step = call.next) {
    before(step);
    steps.push(step);
    call.step();
  }
  return steps;
};
