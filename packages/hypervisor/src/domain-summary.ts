import { joinHalves } from "@xenkit/abi";
import { type Domain, SHUTDOWN_PROGRESS, stateOf } from "./domain.ts";

/** What there is to know of a domain, at one moment. */
export interface DomainSummary {
  /** 0 … 0x7FEF. */
  readonly domid: number;
  /** 1 … 2^64 − 1. */
  readonly uniqueId: bigint;
  /** A set of `STATE` flags. */
  readonly state: number;
  /** A set of `CAPS` flags. */
  readonly caps: number;
  /** A set of `CDF` flags. */
  readonly flags: number;
  /** Why it shut down, a SHUTDOWN_* number; undefined while it has not. */
  readonly shutdownReason: number | undefined;
  /** 0 when it may run. */
  readonly pauseCount: number;
  /** How many vCPUs there are: numbers 0 … vcpus − 1. */
  readonly vcpus: number;
  /** Who keeps it from being freed once it is dead: mappings, device models, held references. */
  readonly references: number;
  /** The domid whose device model it is. */
  readonly target: number | undefined;
}

export const summaryOf = (domain: Domain): DomainSummary => ({
  domid: domain.domid,
  uniqueId: joinHalves(domain.idLow, domain.idHigh),
  state: stateOf(domain),
  caps: domain.caps,
  flags: domain.config.flags,
  shutdownReason:
    domain.shutdown === SHUTDOWN_PROGRESS.complete ? domain.shutdownReason : undefined,
  pauseCount: domain.pauseCount,
  vcpus: domain.vcpus,
  references: domain.references,
  target: domain.target?.domid,
});
