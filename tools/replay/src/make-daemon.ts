import type { MakeDaemon } from "@xenkit/store-replay";
import {
  createStoreDaemon,
  DEFAULT_QUOTAS,
  followTracker,
  ringGuests,
  trackedDomains,
} from "@xenkit/xenstored";

/** Our daemon, as recordings are played on it. */
export const makeDaemon: MakeDaemon = ({ tracker, rings, clock, loweredLimits, keepOrphans }) => {
  const daemon = createStoreDaemon({
    domains: trackedDomains(tracker),
    guests: ringGuests(rings),
    quotas: Object.fromEntries(loweredLimits.map((name) => [name, DEFAULT_QUOTAS[name] - 1])),
    keepOrphans,
    clock,
    conflicts: "strict",
  });
  followTracker(daemon, tracker);
  return daemon;
};
