import type { DomainChange, DomainTracker } from "@xenkit/xenmanage";
import type { DomainSource } from "./domains.ts";
import type { StoreDaemon } from "./store-daemon.ts";

/**
 * Has a daemon ask for domains through a tracker, so that the tracker knows every domain that the daemon knows: the
 * end of one that it had not heard of yet would be no change to it, and the daemon would never be told.
 */
export const trackedDomains = (tracker: DomainTracker): DomainSource => ({
  getDomainInfo: (domid) => tracker.refresh(domid),
});

/** How {@link followTracker} waits. */
export interface FollowTrackerOptions {
  /** Calls `task` soon, once: when the drain under way has ended. Default: `queueMicrotask`. */
  readonly defer?: (task: () => void) => void;
}

/**
 * Has a daemon follow what a tracker finds.
 *
 * A tracker tells changes one by one; what one drain found reaches the daemon together, so that several domains that
 * shut down at once make one plain `@releaseDomain`.
 *
 * @returns What ends it.
 */
export const followTracker = (
  daemon: StoreDaemon,
  tracker: DomainTracker,
  { defer = queueMicrotask }: FollowTrackerOptions = {},
): (() => void) => {
  let found: DomainChange[] = [];
  const deliver = (): void => {
    const changes = found;
    found = [];
    daemon.follow(changes);
  };
  return tracker.onChange((change) => {
    if (found.length === 0) defer(deliver);
    found.push(change);
  });
};
