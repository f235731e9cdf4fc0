import { EVTCHNSTAT, NR_VIRQS } from "@xenkit/abi";

/** One open event channel port of a domain. */
export class Port {
  readonly number: number;
  /** One of `EVTCHNSTAT`, never closed. */
  kind: number = EVTCHNSTAT.unbound;
  /** Unbound: who may bind to it. Interdomain: whose port is at the other end. */
  remoteDomid = 0;
  /** Interdomain: the port at the other end. */
  remotePort = 0;
  /** Which VIRQ it is bound to; 0 for a port of another kind. */
  virq = 0;
  vcpu = 0;
  masked = false;
  /** Waits in the queue of deliveries: so that no port is in it twice. */
  queued = false;
  /** Called when an event arrives. */
  listener: ((port: number) => void) | undefined = undefined;

  constructor(number: number) {
    this.number = number;
  }
}

/**
 * The event channel ports of one domain. Port 0 is never handed out; a free port is found by
 * walking up from the lowest that may be free, so a port costs one step for each port that is
 * opened.
 */
export class PortTable {
  /** The highest port. */
  readonly limit: number;
  /** The pending bits: exactly the pending ports, in the order in which they became so. */
  readonly pending: Set<number> = new Set();
  readonly #ports: (Port | undefined)[] = [undefined];
  readonly #virqs = new Map<number, Port>();
  #lowestFree = 1;
  #count = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many ports are open. */
  get count(): number {
    return this.#count;
  }

  /** The open port with this number, if it is one. */
  get(number: number): Port | undefined {
    return this.#ports[number];
  }

  /** The port that this VIRQ is bound to. */
  ofVirq(virq: number, vcpu: number): Port | undefined {
    return this.#virqs.get(virqKey(virq, vcpu));
  }

  /**
   * Opens the lowest free port, unbound and unmasked. Undefined when the domain has all that it may
   * have.
   */
  open(): Port | undefined {
    while (this.#ports[this.#lowestFree] !== undefined) this.#lowestFree += 1;
    if (this.#lowestFree > this.limit) return undefined;
    return this.restore(this.#lowestFree);
  }

  /** Opens this very port, as loading a state does. */
  restore(number: number): Port {
    const port = new Port(number);
    // Past the end only where a state is loaded; holes between take no room.
    this.#ports[number] = port;
    this.#count += 1;
    return port;
  }

  /** Makes the port the one of a VIRQ. */
  bindVirq(port: Port, virq: number, vcpu: number): void {
    port.kind = EVTCHNSTAT.virq;
    port.virq = virq;
    port.vcpu = vcpu;
    this.#virqs.set(virqKey(virq, vcpu), port);
  }

  close(port: Port): void {
    if (port.kind === EVTCHNSTAT.virq) this.#virqs.delete(virqKey(port.virq, port.vcpu));
    this.pending.delete(port.number);
    this.#ports[port.number] = undefined;
    this.#count -= 1;
    if (port.number < this.#lowestFree) this.#lowestFree = port.number;
  }

  /** The open ports, lowest first. */
  *[Symbol.iterator](): Iterator<Port> {
    for (const port of this.#ports) if (port !== undefined) yield port;
  }
}

const virqKey = (virq: number, vcpu: number): number => vcpu * NR_VIRQS + virq;
