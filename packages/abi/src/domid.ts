/**
 * The special domain ids. Ordinary ids are 0 … {@link DOMID.firstReserved} − 1.
 *
 * Source: Xen's public `xen.h`; `any` appeared in 4.22.
 */
export const DOMID = {
  /** The first id that no domain can have. */
  firstReserved: 0x7ff0,
  /** The calling domain, where an operation takes it. */
  self: 0x7ff0,
  /** Memory-mapped I/O. */
  io: 0x7ff1,
  /** Xen itself. */
  xen: 0x7ff2,
  /** Pages that are shared copy-on-write. */
  cow: 0x7ff3,
  /** No domain; in get_domain_state: the next changed one. */
  invalid: 0x7ff4,
  /** Any domain; in createdomain of 4.22: choose an id. */
  any: 0x7ff5,
  /** The idle vCPUs. */
  idle: 0x7fff,
  /** The bits that a domain id can use. */
  mask: 0x7fff,
} as const;
