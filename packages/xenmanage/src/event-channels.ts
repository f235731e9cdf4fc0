/**
 * The event channels of the domain that the tracker runs in, as far as a tracker needs them.
 *
 * One pending bit and one mask bit per port. While a port is pending or masked, raising it again is not
 * announced: raising it twice before it is consumed delivers once.
 */
export interface EventChannels {
  /**
   * Binds a VIRQ to a port.
   *
   * @returns A port > 0, or a negated errno: EBUSY (another domain is the handler), EEXIST (bound already).
   */
  bindVirq(virq: number, vcpu: number): number;
  /** Has `listener` called with the port each time an unmasked port becomes pending. Returns what ends it. */
  onNotify(listener: (port: number) => void): () => void;
  /** Clears the pending bit. From then on a new event is announced again. */
  clearPending(port: number): void;
  /** Clears the mask bit; announces the port if it is pending. */
  unmask(port: number): void;
  /** Closes the port. For VIRQ_DOM_EXC the hypervisor forgets all marks. */
  close(port: number): void;
}
