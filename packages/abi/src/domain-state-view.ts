import {
  readCaps,
  readDomain,
  readState,
  readUniqueIdHigh,
  readUniqueIdLow,
  writeRequest,
} from "./domain-state-bytes.ts";
import { DOMCTL_SIZE } from "./domctl.ts";
import type { DomainStateAnswer } from "./get-domain-state.ts";
import { DOMCTL } from "./hypercalls.ts";
import { joinHalves } from "./little-endian.ts";

/**
 * Typed arrays have the byte order of the host; Xen's is little endian.
 *
 * A constant of this very module: V8 does not fold imported ones, and with one in its way no longer
 * folds the typed arrays below either, which makes each access four times slower.
 */
const LITTLE_ENDIAN_HOST = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The 8 bytes of `cmd` 90 and `interface_version` 0 as one float: stored at once, never computed with. */
const HEADER = new Float64Array(Uint32Array.of(DOMCTL.getDomainState, 0).buffer)[0] as number;

/**
 * One get_domain_state call in place, over one 144-byte buffer that every call uses again.
 *
 * Hand {@link bytes} to the hypercall between {@link writeRequest} and the getters. Nothing is
 * allocated but by {@link uniqueId} and {@link answer}. The typed arrays are made once, because
 * making one costs more than the call.
 *
 * | offset | size | read by                                                |
 * | -----: | ---: | ------------------------------------------------------ |
 * |      8 |    2 | {@link domid}                                          |
 * |     16 |    2 | {@link state}                                          |
 * |     18 |    2 | {@link caps}                                           |
 * |     24 |    8 | {@link uniqueIdLow}, {@link uniqueIdHigh}, {@link uniqueId} |
 */
export class DomainStateView {
  /** The whole `struct xen_domctl`: what the hypercall reads and writes. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(DOMCTL_SIZE);
  readonly #halves = new Uint16Array(this.bytes.buffer);
  readonly #words = new Uint32Array(this.bytes.buffer);
  readonly #longs = new BigUint64Array(this.bytes.buffer);
  readonly #doubles = new Float64Array(this.bytes.buffer);

  /**
   * Writes `cmd`, `interface_version` 0 and `domain`, and clears the payload.
   *
   * @param domid - A domain, or `DOMID.invalid` for the next changed one. The low 16 bits are taken.
   */
  writeRequest(domid: number): void {
    if (!LITTLE_ENDIAN_HOST) {
      writeRequest(this.bytes, domid);
      return;
    }
    const doubles = this.#doubles;
    doubles[0] = HEADER;
    this.#halves[4] = domid;
    doubles[2] = 0;
    doubles[3] = 0;
  }

  /** `domain`: u16. */
  get domid(): number {
    return LITTLE_ENDIAN_HOST ? (this.#halves[4] as number) : readDomain(this.bytes);
  }

  /** A set of `STATE` flags: u16. */
  get state(): number {
    return LITTLE_ENDIAN_HOST ? (this.#halves[8] as number) : readState(this.bytes);
  }

  /** A set of `CAPS` flags: u16. */
  get caps(): number {
    return LITTLE_ENDIAN_HOST ? (this.#halves[9] as number) : readCaps(this.bytes);
  }

  /** Bits 0 … 31 of the unique id: u32. */
  get uniqueIdLow(): number {
    return LITTLE_ENDIAN_HOST ? (this.#words[6] as number) : readUniqueIdLow(this.bytes);
  }

  /** Bits 32 … 63 of the unique id: u32. */
  get uniqueIdHigh(): number {
    return LITTLE_ENDIAN_HOST ? (this.#words[7] as number) : readUniqueIdHigh(this.bytes);
  }

  /** The unique id; makes a bigint. */
  get uniqueId(): bigint {
    return LITTLE_ENDIAN_HOST
      ? (this.#longs[3] as bigint)
      : joinHalves(this.uniqueIdLow, this.uniqueIdHigh);
  }

  /** The answer as a record of its own; makes an object and a bigint. */
  answer(): DomainStateAnswer {
    return { domid: this.domid, state: this.state, caps: this.caps, uniqueId: this.uniqueId };
  }
}
