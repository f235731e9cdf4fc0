import type { Connection } from "./connection.ts";
import type { GuestTransport } from "./guest-transport.ts";
import type { Grantee } from "./perms.ts";
import type { Quotas } from "./quota.ts";

/** What the daemon knows of a domain, from the first request that names it to its release or end. */
export interface DomainRecord extends Grantee {
  readonly domid: number;
  alive: boolean;
  /** Of the domain that the record is about; 0n: not known yet. */
  uniqueId: bigint;
  /** INTRODUCE was called, or the domain was adopted at the start. */
  introduced: boolean;
  /** Its shutdown was announced; RESUME has it announced again. */
  shutdownSeen: boolean;
  /** Of an introduced domain. Closed, once the guest broke the protocol. */
  connection: Connection | undefined;
  transport: GuestTransport | undefined;
  /** A set of `FEATURE` bits that the domain may use. */
  features: number;
  readonly quotas: Quotas;
}
