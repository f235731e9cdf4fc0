import { readDomain, writeAnswer, writeRequest } from "./domain-state-bytes.ts";
import { DOMCTL_SIZE } from "./domctl.ts";

/**
 * One get_domain_state call in place, over one 144-byte buffer that is used again for every call.
 *
 * Hand {@link bytes} to the hypercall between {@link writeRequest} and the getters. Nothing is
 * allocated, except by {@link uniqueId}.
 */
export class DomainStateView {
  /** The whole `struct xen_domctl`: what the hypercall reads and writes. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(DOMCTL_SIZE);
  readonly #words = new Int32Array(this.bytes.buffer);

  /** @param domid - A domain, or `DOMID.invalid` for the next changed one. 16 bits are taken. */
  writeRequest(domid: number): void {
    writeRequest(this.bytes, domid);
  }

  /** `domain`: u16. */
  get domid(): number {
    return readDomain(this.bytes);
  }

  /** A set of `STATE` flags: u16. */
  get state(): number {
    return (this.#words[4] as number) & 0xffff;
  }

  /** A set of `CAPS` flags: u16. */
  get caps(): number {
    return (this.#words[4] as number) >>> 16;
  }

  /** Bits 0 … 31 of the unique id, as u32. */
  get uniqueIdLow(): number {
    return (this.#words[6] as number) >>> 0;
  }

  /** Bits 32 … 63 of the unique id, as u32. */
  get uniqueIdHigh(): number {
    return (this.#words[7] as number) >>> 0;
  }

  /** The unique id; allocates a bigint. */
  get uniqueId(): bigint {
    return (BigInt(this.uniqueIdHigh) << 32n) | BigInt(this.uniqueIdLow);
  }

  /** Writes an answer, as the hypervisor does. See the function `writeAnswer`. */
  writeAnswer(domid: number, state: number, caps: number, low: number, high: number): void {
    writeAnswer(this.bytes, domid, state, caps, low, high);
  }
}
