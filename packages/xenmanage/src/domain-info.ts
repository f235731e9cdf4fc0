/** What the hypervisor says of one domain in one answer of `get_domain_state`. */
export interface DomainInfo {
  /** 0 to 0x7FEF. */
  readonly domid: number;
  /** A set of `STATE` flags of `@xenkit/abi`, unknown ones included; 0 for a domain that is gone. */
  readonly state: number;
  /** A set of `CAPS` flags of `@xenkit/abi`, unknown ones included. */
  readonly caps: number;
  /** Differs between two domains that had the same domid; 0n for a domain that is gone. Opaque: not ordered. */
  readonly uniqueId: bigint;
}
