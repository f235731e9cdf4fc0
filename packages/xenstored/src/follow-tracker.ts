import type { DomainTracker } from "@xenkit/xenmanage";
import type { DomainSource } from "./domains.ts";
import type { StoreDaemon } from "./store-daemon.ts";

/**
 * Has a daemon ask for domains through a tracker, so that the tracker knows every domain that the daemon knows: the
 * end of one that it had not heard of yet would be no change to it, and the daemon would never be told.
 */
export const trackedDomains = (tracker: DomainTracker): DomainSource => ({
  getDomainInfo: (domid) => tracker.refresh(domid),
});

/**
 * Has a daemon follow what a tracker finds, drain by drain: several domains that shut down at once make one plain
 * `@releaseDomain`. It is told at once: a change that came later than what the daemon asked for itself could end a
 * domain that has the domid by then.
 *
 * @returns What ends it.
 */
export const followTracker = (daemon: StoreDaemon, tracker: DomainTracker): (() => void) =>
  tracker.onChanges((changes) => daemon.follow(changes));
