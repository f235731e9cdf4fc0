/**
 * The event channels of the domain that the tracker runs in, as far as a tracker needs them. `eventChannels(domid)` of
 * `@xenkit/hypervisor` is one.
 *
 * One pending bit and one mask bit per port: raising a port twice before its pending bit is cleared tells once.
 */
export interface EventChannels {
  /**
   * Binds a VIRQ to a port.
   *
   * @returns A port > 0.
   * @throws When it is refused: an error whose `details.errno` is the hypervisor's errno (EBUSY: another domain is the
   * handler; EEXIST: bound already).
   */
  bindVirq(virq: number, vcpu: number): number;
  /** Has `listener` called when the port becomes pending while it is not masked. Returns what ends it. */
  onPort(port: number, listener: () => void): () => void;
  /** Clears the pending bit. From then on a new event tells again. */
  clearPending(port: number): void;
  /** Clears the mask bit; tells of the port if it is pending. */
  unmask(port: number): void;
  /** Closes the port. For VIRQ_DOM_EXC the hypervisor forgets all marks. */
  close(port: number): void;
}
