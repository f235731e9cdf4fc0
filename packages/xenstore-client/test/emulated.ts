import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import type { MemoryServer } from "@xenkit/xenstore-client/memory";
import { RING_PAGE } from "@xenkit/xenstore-wire";
import { createStoreDaemon, ringGuests, type StoreDaemon } from "@xenkit/xenstored";

/** A hypervisor, and a daemon in its domain 0 that serves rings. */
export interface Emulated {
  readonly hypervisor: Hypervisor;
  readonly daemon: StoreDaemon;
  /** Domain 0's way to the daemon without a ring. */
  readonly store: MemoryServer;
  /** Opens a port of a domain for the daemon. */
  openPort(domid: number): number;
}

export const emulate = (): Emulated => {
  const hypervisor = createHypervisor();
  const dom0 = hypervisor.eventChannels(0);
  const daemon = createStoreDaemon({
    domains: { getDomainInfo: (domid) => hypervisor.domain(domid) },
    guests: ringGuests({
      map: (domid) => ({ page: hypervisor.ringPage(domid), unmap: () => {} }),
      bind: (domid, remotePort, onEvent) => {
        const port = dom0.bindInterdomain(domid, remotePort);
        const listener = (): void => {
          dom0.clearPending(port);
          onEvent();
        };
        dom0.clearPending(port);
        dom0.onPort(port, listener);
        return { notify: () => dom0.notify(port), close: () => dom0.close(port) };
      },
      defer: queueMicrotask,
    }),
  });
  return {
    hypervisor,
    daemon,
    openPort: (domid) => hypervisor.eventChannels(domid).allocUnbound(0),
    store: {
      connect: (listener) => {
        const flush = (): void => {
          while (connection.output.length > 0) {
            listener.bytes(connection.output.take());
            connection.resume();
          }
        };
        const output = (): void => queueMicrotask(flush);
        const connection = daemon.connect({ output, closed: () => {} });
        return {
          send: (bytes) => connection.receive(bytes.slice()),
          close: () => connection.close(),
        };
      },
    },
  };
};

/** Has the daemon serve domain 0's own ring. @returns The port at domain 0's end. */
export const adoptDom0 = ({ hypervisor, daemon, openPort }: Emulated): number => {
  const port = openPort(0);
  new DataView(hypervisor.ringPage(0).buffer).setUint32(
    hypervisor.ringPage(0).byteOffset + RING_PAGE.eventChannelPort,
    port,
    true,
  );
  if (!daemon.adopt(0)) throw new Error("the daemon does not serve domain 0's ring");
  return port;
};
