import { GNTREF, type Hypervisor, isHypervisorError } from "@xenkit/hypervisor";
import type { GuestChannel, MappedRing, RingHost } from "@xenkit/xenstored";

const DOM0 = 0;

/**
 * What the Xenstore daemon in dom0 has of the guests: the page that each grants it, and an event channel to each.
 *
 * @param defer - Runs a function soon, after the present code has returned.
 */
export const emulatedRings = (
  hypervisor: Hypervisor,
  defer: (task: () => void) => void,
): RingHost => ({
  defer,
  map: (domid) => attempt(() => mapRing(hypervisor, domid)),
  bind: (domid, remotePort, onEvent) =>
    attempt(() => bindChannel(hypervisor, domid, remotePort, onEvent)),
});

const mapRing = (hypervisor: Hypervisor, domid: number): MappedRing => {
  const { handle, page } = hypervisor.mapGrant(DOM0, domid, GNTREF.xenstore);
  return { page, unmap: () => hypervisor.unmap(handle) };
};

const bindChannel = (
  hypervisor: Hypervisor,
  domid: number,
  remotePort: number,
  onEvent: () => void,
): GuestChannel => {
  const channels = hypervisor.eventChannels(DOM0);
  const port = channels.bindInterdomain(domid, remotePort);
  channels.onPort(port, () => {
    // Cleared before the ring is looked at: what comes meanwhile is an event of its own.
    channels.clearPending(port);
    onEvent();
  });
  // A port is pending from the moment it is bound; what the guest has written is looked at when it is served.
  channels.clearPending(port);
  return { notify: () => channels.notify(port), close: () => channels.close(port) };
};

/** What the hypervisor refuses cannot be mapped, or bound: the daemon answers EINVAL. */
const attempt = <T>(operation: () => T): T | undefined => {
  try {
    return operation();
  } catch (error) {
    if (isHypervisorError(error)) return undefined;
    throw error;
  }
};
