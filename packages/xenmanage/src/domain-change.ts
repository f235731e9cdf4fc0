import type { DomainInfo } from "./domain-info.ts";

/** One change of one domain's life, as {@link DomainTracker} tells it. `domain` is what the table holds now. */
export type DomainChange =
  /** A domain that was not in the table. It may be shut down or dead already: `domain.state` says so. */
  | { readonly kind: "appeared"; readonly domain: DomainInfo }
  /** SHUTDOWN is newly set, in a domain that is not dead. */
  | { readonly kind: "shutdown"; readonly domain: DomainInfo; readonly previous: DomainInfo }
  /** SHUTDOWN is no longer set, in a domain that is not dead. */
  | { readonly kind: "resumed"; readonly domain: DomainInfo; readonly previous: DomainInfo }
  /** DEAD is newly set: all resources are given back. SHUTDOWN may have become set with it. */
  | { readonly kind: "dead"; readonly domain: DomainInfo; readonly previous: DomainInfo }
  /** The domid is free. `domain` has state 0 and unique id 0n. */
  | { readonly kind: "gone"; readonly domain: DomainInfo; readonly previous: DomainInfo }
  /** Another domain has the domid: `previous` is gone, `domain` appeared, perhaps shut down or dead already. */
  | { readonly kind: "replaced"; readonly domain: DomainInfo; readonly previous: DomainInfo };

/** The kinds of change. */
export type DomainChangeKind = DomainChange["kind"];
