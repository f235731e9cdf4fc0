import { VIRQ } from "@xenkit/abi";
import { type Hypervisor, isHypervisorError } from "@xenkit/hypervisor";
import fc from "fast-check";
import { drain, query } from "./calls.ts";

/** One thing that somebody does to a host. Domids are small, so that they meet. */
export interface Operation {
  readonly kind: (typeof KINDS)[number];
  readonly domid: number;
  readonly other: number;
}

const KINDS = [
  "create",
  "create-at",
  "pause",
  "unpause",
  "shutdown",
  "resume",
  "destroy",
  "destroy-step",
  "hold",
  "release",
  "bind",
  "close",
  "drain-one",
  "drain",
  "query",
  "alloc-unbound",
  "bind-interdomain",
  "notify",
  "mask",
  "unmask",
  "clear-pending",
  "grant",
  "map",
  "unmap",
  "set-target",
  "set-handler",
  "poke",
] as const;

export const operations = (maxLength: number): fc.Arbitrary<Operation[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      domid: fc.integer({ min: 0, max: 6 }),
      other: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength },
  );

/** Does it. @returns What came out of it: a value, or the name of the errno. */
export const perform = (host: Hypervisor, operation: Operation): unknown => {
  try {
    return act(host, operation);
  } catch (error) {
    if (isHypervisorError(error, "errno")) return error.details.name;
    throw error;
  }
};

const act = (host: Hypervisor, { kind, domid, other }: Operation): unknown => {
  switch (kind) {
    case "create":
      return host.createDomain({ teardownSteps: other % 3 });
    case "create-at":
      return host.createDomain({ domid });
    case "pause":
      return host.pauseDomain(domid);
    case "unpause":
      return host.unpauseDomain(domid);
    case "shutdown":
      // The hardware domain would take the host down.
      return domid === 0 ? 0 : host.shutdownDomain(domid, other);
    case "resume":
      return host.resumeDomain(domid);
    case "destroy":
      return host.destroyDomain(domid);
    case "destroy-step":
      return host.destroyStep(domid);
    case "hold":
      return host.holdReference(domid);
    case "release":
      return host.releaseReference(domid);
    case "bind":
      return host.eventChannels(domid).bindVirq(other === 0 ? VIRQ.domExc : VIRQ.timer);
    case "close":
      return host.eventChannels(domid).close(other);
    case "drain-one":
      return query(host, domid, 0x7ff4);
    case "drain":
      return host.changedCount === undefined ? 0 : drainBy(host, domid);
    case "query":
      return query(host, domid, other);
    case "alloc-unbound":
      return host.eventChannels(domid).allocUnbound(other);
    case "bind-interdomain":
      return host.eventChannels(domid).bindInterdomain(other, 1);
    case "notify":
      return host.eventChannels(domid).notify(other);
    case "mask":
      return host.eventChannels(domid).mask(other);
    case "unmask":
      return host.eventChannels(domid).unmask(other);
    case "clear-pending":
      return host.eventChannels(domid).clearPending(other);
    case "grant":
      return host.grantAccess(domid, 1, { grantee: other, gfn: 1, access: "read-write" });
    case "map":
      return host.mapGrant(other, domid, 1).handle;
    case "unmap":
      return host.unmap(other);
    case "set-target":
      return host.setTarget(domid, other);
    case "set-handler":
      return host.setVirqHandler(domid);
    case "poke":
      host.guestPage(domid, 1)[other] = domid + 1;
      return undefined;
  }
};

const drainBy = (host: Hypervisor, domid: number): unknown => {
  try {
    return drain(host, domid);
  } catch (error) {
    return String(error);
  }
};
