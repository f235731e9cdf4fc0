import { DOMID, INTERFACE_VERSION, type Release } from "@xenkit/abi";

/** What differs between the releases of the hypervisor, as far as its callers can see. */
export interface ReleaseProfile {
  readonly release: Release;
  /** What the unstable domctls must carry in `interface_version`. */
  readonly interfaceVersion: number;
  /** Is this `domain` field of createdomain a wish for an automatic domid? */
  readonly wantsAutomaticDomid: (domid: number) => boolean;
  /** 4.21 tells everyone that a domid is free; from 4.22 only a control domain is told. */
  readonly hidesUnknownDomids: boolean;
  /**
   * 4.21: getdomaininfo answers about the first domain at or after the domid. From 4.22: about
   * exactly this one.
   */
  readonly exactDomainInfo: boolean;
}

/** The releases this emulator can be. */
export const RELEASES: Readonly<Record<Release, ReleaseProfile>> = {
  "4.21": {
    release: "4.21",
    interfaceVersion: INTERFACE_VERSION["4.21"],
    wantsAutomaticDomid: (domid) => domid === 0 || domid >= DOMID.firstReserved,
    hidesUnknownDomids: false,
    exactDomainInfo: false,
  },
  "4.22": {
    release: "4.22",
    interfaceVersion: INTERFACE_VERSION["4.22"],
    wantsAutomaticDomid: (domid) => domid === DOMID.any,
    hidesUnknownDomids: true,
    exactDomainInfo: true,
  },
};
