import { CDF } from "@xenkit/abi";
import { type Hypervisor, XENSTORE_GFN } from "@xenkit/hypervisor";
import { Guest, type GuestTools } from "./guest.ts";
import { writeGuestHome, XENSTORE_GRANT } from "./guest-home.ts";
import type { GuestNames } from "./guest-names.ts";
import type { GuestOptions } from "./host-options.ts";
import { attempt } from "./refusal.ts";

const DOM0 = 0;

/**
 * Does what a toolstack does for a new guest.
 *
 * @param names - Gets the guest's name before anybody is told of the guest.
 * @throws HostError refused; the domain is destroyed again then.
 */
export const createGuest = (
  tools: GuestTools,
  names: GuestNames,
  { name, domid: wanted, vcpus = 1, xenstore = false, paused = false }: GuestOptions,
): Guest => {
  const { hypervisor, session } = tools;
  const flags = CDF.hvm | CDF.hap | (xenstore ? CDF.xsDomain : 0);
  const domid = attempt(wanted, () =>
    hypervisor.createDomain({ flags, vcpus, ...(wanted === undefined ? {} : { domid: wanted }) }),
  );
  const guest = new Guest(tools, domid, uniqueIdOf(hypervisor, domid));
  const ownName = name ?? `guest-${domid}`;
  names.set(guest.uniqueId, ownName);
  try {
    const port = attempt(domid, () => shareWithStore(hypervisor, domid));
    writeGuestHome(session, { domid, name: ownName, port, vcpus });
    session.introduce(domid, XENSTORE_GFN, port);
    if (!paused) hypervisor.unpauseDomain(domid);
    return guest;
  } catch (error) {
    hypervisor.destroyDomain(domid);
    names.forget(guest.uniqueId);
    throw error;
  }
};

/** Grants the page, and opens the event channel, by which the guest talks to the daemon in dom0. */
const shareWithStore = (hypervisor: Hypervisor, domid: number): number => {
  const grant = { grantee: DOM0, gfn: XENSTORE_GFN, access: "read-write" } as const;
  hypervisor.grantAccess(domid, XENSTORE_GRANT, grant);
  return hypervisor.eventChannels(domid).allocUnbound(DOM0);
};

const uniqueIdOf = (hypervisor: Hypervisor, domid: number): bigint =>
  hypervisor.domain(domid)?.uniqueId ?? 0n;
