import type { Release } from "@xenkit/abi";
import type { DomainConfig } from "./domain.ts";
import type { Grant } from "./grants.ts";
import type { UniqueIdPolicy } from "./unique-ids.ts";

/** The version of the layout below. */
export const STATE_VERSION = 1;

/**
 * A whole host as plain data. 64-bit numbers are `0x` and hexadecimal digits, pages are hexadecimal
 * digits, "" for a page of zeroes.
 */
export interface HypervisorState {
  readonly version: typeof STATE_VERSION;
  readonly release: Release;
  readonly uniqueIds: { readonly policy: UniqueIdPolicy; readonly last: string };
  /** The domid handed out last. */
  readonly domidCursor: number;
  /** The domid of the hardware domain. */
  readonly hardware: number | null;
  /** VIRQ and domid, of those that were given to a domain. */
  readonly virqHandlers: readonly (readonly [number, number])[];
  /** The marked domids; null while nobody has VIRQ_DOM_EXC bound. */
  readonly changed: readonly number[] | null;
  /** Domids of domains that are unlinked and not freed yet. */
  readonly limbo: readonly number[];
  readonly down: number | null;
  readonly nextHandle: number;
  readonly domains: readonly DomainRecord[];
  readonly mappings: readonly MappingRecord[];
  /** Events that wait for delivery: domid and port, oldest first. */
  readonly deliveries: readonly (readonly [number, number])[];
}

export interface DomainRecord {
  readonly domid: number;
  readonly uniqueId: string;
  readonly caps: number;
  readonly config: DomainConfig;
  readonly life: number;
  readonly shutdown: number;
  readonly shutdownReason: number;
  readonly pauseCount: number;
  readonly vcpus: number;
  readonly maxMemKb: string;
  readonly suspendPort: number;
  readonly heldReferences: number;
  readonly teardownSteps: number;
  readonly target: number | null;
  readonly ports: readonly PortRecord[];
  /** Pending ports, in the order in which they became so. */
  readonly pending: readonly number[];
  readonly grants: readonly (readonly [number, Grant])[];
  readonly pages: readonly (readonly [number, string])[];
}

interface PortRecord {
  readonly number: number;
  readonly kind: number;
  readonly remoteDomid: number;
  readonly remotePort: number;
  readonly virq: number;
  readonly vcpu: number;
  readonly masked: boolean;
}

interface MappingRecord {
  readonly handle: number;
  readonly mapper: number;
  readonly owner: number;
  readonly ref: number;
  readonly gfn: number;
  readonly page: string;
}
