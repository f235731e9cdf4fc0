import { capsNames, stateNames } from "@xenkit/abi";
import type { HostDomain } from "@xenkit/host";
import type { DomainChange } from "@xenkit/xenmanage";
import type { DomainUsage } from "@xenkit/xenstored";
import {
  type ChangeAnswer,
  type DomainAnswer,
  type DomainUsageAnswer,
  SHUTDOWN_REASONS,
} from "./control-protocol.ts";

/** A domain as the control protocol shows it. */
export const domainAnswer = (domain: HostDomain): DomainAnswer => ({
  domid: domain.domid,
  name: domain.name ?? null,
  state: domain.state,
  stateNames: stateNames(domain.state),
  paused: domain.paused,
  shutdownReason: reasonName(domain.shutdownReason),
  caps: domain.caps,
  capsNames: capsNames(domain.caps),
  uniqueId: domain.uniqueId.toString(),
});

const reasonName = (reason: number | undefined): string | null =>
  reason === undefined ? null : (SHUTDOWN_REASONS[reason] ?? `reason ${reason}`);

/** What a domain uses, as the control protocol shows it. */
export const usageAnswer = ({ held, ...usage }: DomainUsage): DomainUsageAnswer => ({
  ...usage,
  held: held ?? null,
});

/**
 * A change as the control protocol shows it.
 *
 * @param name - Of the domain that the change is about; for one that is gone, the name it had.
 */
export const changeAnswer = (
  change: DomainChange,
  name: string | undefined,
  time: Date,
): ChangeAnswer => ({
  time: time.toISOString(),
  kind: change.kind,
  domid: change.domain.domid,
  name: name ?? null,
  state: change.domain.state,
  stateNames: stateNames(change.domain.state),
  caps: change.domain.caps,
  capsNames: capsNames(change.domain.caps),
  uniqueId: change.domain.uniqueId.toString(),
  previousUniqueId: change.kind === "appeared" ? null : change.previous.uniqueId.toString(),
});
