import { VIRQ } from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { drained, listen } from "./calls.ts";

/** A host with domain 1 and somebody who listens, nothing marked. */
export const hostWithGuest = (): { host: Hypervisor; events: () => number } => {
  const host = createHypervisor();
  const { events } = listen(host);
  host.createDomain();
  drained(host);
  return { host, events };
};

/** dom0, guests 1 and 2, and a channel between 1 and dom0. */
export const connected = (): { host: Hypervisor; port: number; remotePort: number } => {
  const host = createHypervisor();
  host.createDomain();
  host.createDomain();
  const port = host.eventChannels(1).allocUnbound(0);
  const remotePort = host.eventChannels(0).bindInterdomain(1, port);
  host.eventChannels(0).clearPending(remotePort);
  return { host, port, remotePort };
};

/** A host with one of everything. */
export const rich = (options = {}): Hypervisor => {
  const host = createHypervisor(options);
  for (let domid = 1; domid <= 4; domid += 1) host.createDomain();
  listen(host);
  host.mapForeignPage(0, 1, 3).page[1] = 0xee;
  host.ringPage(1).fill(7);
  host.mapGrant(0, 1, 1);
  host.setTarget(3, 2);
  host.setVirqHandler(4, VIRQ.console);
  host.eventChannels(4).bindVirq(VIRQ.console);
  const port = host.eventChannels(2).allocUnbound(0);
  host.eventChannels(0).bindInterdomain(2, port);
  host.eventChannels(0).mask(1);
  host.shutdownDomain(2, 1);
  host.destroyDomain(1);
  host.ringPage(2).fill(8);
  const channels = host.eventChannels(3);
  channels.close(channels.allocUnbound(channels.bindVirq(VIRQ.timer)));
  channels.bindIpi();
  channels.close(1);
  return host;
};

/** The same, with an event that waits to be delivered and a domid that waits to be free. */
export const unfinished = (): Hypervisor => {
  const host = rich({ schedule: () => {}, deliver: () => {} });
  host.createDomain();
  host.destroyDomain(5);
  host.eventChannels(3).notify(2);
  return host;
};
