import type { EventChannels } from "@xenkit/hypervisor";
import type { DomainChange, EventChannels as TrackerEvents } from "@xenkit/xenmanage";

/** Hands the changes of one drain to the Xenstore daemon together. */
export interface StoreFollower {
  /** dom0's event channels, for the tracker: by its calls the follower sees where a drain begins and ends. */
  readonly events: TrackerEvents;
  /** To be told of every change. */
  readonly onChange: (change: DomainChange) => void;
}

/**
 * Several domains that shut down before one drain are one plain `@releaseDomain`: that is why the daemon wants to see
 * all of a drain at once. An answer to an event begins with clearing the pending bit and ends with unmasking; a change
 * outside of one, as of a resume, is handed on by itself.
 */
export const storeFollower = (
  channels: EventChannels,
  follow: (changes: readonly DomainChange[]) => void,
  isUp: () => boolean,
): StoreFollower => {
  let drain: DomainChange[] | undefined;

  const endDrain = (): void => {
    const changes = drain ?? [];
    drain = undefined;
    if (changes.length > 0) follow(changes);
  };

  return {
    events: {
      bindVirq: (virq, vcpu) => channels.bindVirq(virq, vcpu),
      onPort: (port, listener) => channels.onPort(port, listener),
      clearPending: (port) => {
        drain = [];
        channels.clearPending(port);
      },
      unmask: (port) => {
        endDrain();
        channels.unmask(port);
      },
      close: (port) => {
        endDrain();
        // A host that is down has no ports any more.
        if (isUp()) channels.close(port);
      },
    },
    onChange: (change) => {
      if (drain === undefined) follow([change]);
      else drain.push(change);
    },
  };
};
