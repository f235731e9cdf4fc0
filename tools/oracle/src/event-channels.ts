import type { Duplex } from "node:stream";

const OPERATION = { bindVirq: 1, bindInterdomain: 2, unbind: 3, notify: 4, unmask: 5 } as const;
const FRAME = 12;
const VIRQ_DOM_EXC = 3;

/** One port of the daemon. */
interface Port {
  /** The other end; undefined for a VIRQ. */
  readonly domid: number | undefined;
  /** An event was delivered and not yet handled. */
  masked: boolean;
  pending: boolean;
}

/**
 * The hypervisor's side of the daemon's event channels.
 *
 * As on real Xen, an event is one bit: while the daemon has not handled the last one of a port, any number of
 * further ones is delivered as one, afterwards.
 */
export class EventChannels {
  readonly #ports = new Map<number, Port>();
  readonly #portOfDomain = new Map<number, number>();
  readonly #listeners = new Map<number, Set<() => void>>();
  /** Settles when the daemon has bound VIRQ_DOM_EXC. */
  readonly virqBound: Promise<void>;
  #virqIsBound: () => void = () => {};
  #stream: Duplex | undefined;
  #virqPort: number | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor() {
    this.virqBound = new Promise((resolve) => {
      this.#virqIsBound = resolve;
    });
  }

  /** The socket to the daemon. Before it is here, no port is bound. */
  attach(stream: Duplex): void {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    // The daemon ended while we wrote: its exit tells more.
    stream.on("error", () => {});
  }

  /** Raises VIRQ_DOM_EXC. Lost, as in Xen, while nobody has it bound. */
  raiseVirq(): void {
    if (this.#virqPort !== undefined) this.#raise(this.#virqPort);
  }

  /** An event from the guest for the daemon. Lost, as in Xen, while the daemon has not bound the guest's port. */
  notify(domid: number): void {
    const port = this.#portOfDomain.get(domid);
    if (port !== undefined) this.#raise(port);
  }

  /**
   * Calls `listener` at every event of the daemon for the guest.
   *
   * @returns Ends it.
   */
  onNotify(domid: number, listener: () => void): () => void {
    const listeners = this.#listeners.get(domid) ?? new Set();
    this.#listeners.set(domid, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  close(): void {
    this.#stream?.destroy();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    for (; at + FRAME <= bytes.length; at += FRAME)
      this.#operate(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8));
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #operate(operation: number, number: number, argument: number): void {
    switch (operation) {
      case OPERATION.bindVirq:
        this.#bindVirq(number, argument);
        break;
      case OPERATION.bindInterdomain:
        this.#bindInterdomain(number, argument);
        break;
      case OPERATION.unbind:
        this.#unbind(number);
        break;
      case OPERATION.notify:
        this.#tellGuest(this.#ports.get(number)?.domid);
        break;
      case OPERATION.unmask:
        this.#unmask(number);
        break;
    }
  }

  #bindVirq(number: number, virq: number): void {
    this.#ports.set(number, { domid: undefined, masked: false, pending: false });
    if (virq !== VIRQ_DOM_EXC) return;
    this.#virqPort = number;
    this.#virqIsBound();
  }

  #bindInterdomain(number: number, domid: number): void {
    this.#ports.set(number, { domid, masked: false, pending: false });
    this.#portOfDomain.set(domid, number);
    // As Xen does: the guest may have notified before there was a port, so the daemon looks once.
    this.#raise(number);
  }

  #unbind(number: number): void {
    const domid = this.#ports.get(number)?.domid;
    this.#ports.delete(number);
    if (domid !== undefined && this.#portOfDomain.get(domid) === number)
      this.#portOfDomain.delete(domid);
  }

  #tellGuest(domid: number | undefined): void {
    if (domid === undefined) return;
    for (const listener of this.#listeners.get(domid) ?? []) listener();
  }

  #raise(number: number): void {
    const port = this.#ports.get(number);
    if (port === undefined) return;
    if (port.masked) port.pending = true;
    else this.#deliver(number, port);
  }

  #unmask(number: number): void {
    const port = this.#ports.get(number);
    if (port === undefined) return;
    port.masked = false;
    if (port.pending) this.#deliver(number, port);
  }

  #deliver(number: number, port: Port): void {
    port.masked = true;
    port.pending = false;
    const frame = Buffer.alloc(4);
    frame.writeUInt32LE(number);
    if (this.#stream?.writable === true) this.#stream.write(frame);
  }
}
