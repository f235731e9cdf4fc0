import { domainState } from "./domain-state.ts";
import { DOMCTL_PAYLOAD_OFFSET, DOMCTL_SIZE } from "./domctl.ts";
import { AbiError } from "./errors.ts";
import { u16 } from "./field.ts";
import { DOMCTL } from "./hypercalls.ts";
import { halfAt, joinHalves, setHalf, setWord, wordAt } from "./little-endian.ts";
import { checkRecord, placeOf } from "./struct.ts";

/** The answer of get_domain_state. */
export interface DomainStateAnswer {
  /** Which domain: the one asked for, or the changed one that was found. 16 bits. */
  readonly domid: number;
  /** A set of `STATE` flags; 0 for a domain that is gone. Bits without a name are kept. */
  readonly state: number;
  /** A set of `CAPS` flags. Bits without a name are kept. */
  readonly caps: number;
  /** Differs between two domains that had the same domid. Opaque; not ordered; 0: no domain. */
  readonly uniqueId: bigint;
}

/** The stable hypercall as records: a whole `struct xen_domctl` of 144 bytes, little endian. */
export interface GetDomainStateCodec {
  /** 144, in bytes. */
  readonly size: number;
  /**
   * Writes a request, all 144 bytes of it.
   *
   * @param domid - A domain, or `DOMID.invalid` for the next changed one. 0 … 65,535.
   * @returns The target, or a new buffer.
   * @throws AbiError `wrong-size`, `wrong-type` or `out-of-range`; then nothing was written.
   */
  encodeRequest(domid: number, target?: Uint8Array, offset?: number): Uint8Array;
  /**
   * Writes an answer. Into a target: only the bytes that the hypervisor writes, `domain` and the
   * payload. Without one: a new buffer with a whole answered call.
   *
   * @throws AbiError `wrong-size`, `wrong-type` or `out-of-range`; then nothing was written.
   */
  encode(answer: DomainStateAnswer, target?: Uint8Array, offset?: number): Uint8Array;
  /**
   * Reads an answer.
   *
   * @throws AbiError `wrong-size`, or `unexpected-value` when `cmd` is of another operation.
   */
  decode(bytes: Uint8Array, offset?: number): DomainStateAnswer;
}

const name = "xen_domctl";
const checkDomid = (domid: number): void => u16.check(domid, name, "domain", []);

/** {@link GetDomainStateCodec} of every release since 4.21. */
export const getDomainState: GetDomainStateCodec = {
  size: DOMCTL_SIZE,
  encodeRequest: (domid, target, offset) => {
    checkDomid(domid);
    const into = target ?? new Uint8Array(DOMCTL_SIZE);
    const start = placeOf(name, DOMCTL_SIZE, into, offset);
    if (target !== undefined) into.fill(0, start, start + DOMCTL_SIZE);
    setWord(into, start, DOMCTL.getDomainState);
    setHalf(into, start + 8, domid);
    return into;
  },
  encode: (answer, target, offset) => {
    checkRecord(answer, name);
    const { domid, state, caps, uniqueId } = answer;
    checkDomid(domid);
    const into = target ?? new Uint8Array(DOMCTL_SIZE);
    const start = placeOf(name, DOMCTL_SIZE, into, offset);
    domainState.encode({ state, caps, pad0: 0, uniqueId }, into, start + DOMCTL_PAYLOAD_OFFSET);
    if (target === undefined) setWord(into, start, DOMCTL.getDomainState);
    setHalf(into, start + 8, domid);
    return into;
  },
  decode: (bytes, offset) => {
    const start = placeOf(name, DOMCTL_SIZE, bytes, offset);
    const cmd = wordAt(bytes, start);
    if (cmd !== DOMCTL.getDomainState) {
      const expected = DOMCTL.getDomainState;
      throw new AbiError("unexpected-value", `${name}.cmd`, { expected, actual: cmd >>> 0 });
    }
    return {
      domid: halfAt(bytes, start + 8),
      state: halfAt(bytes, start + 16),
      caps: halfAt(bytes, start + 18),
      uniqueId: joinHalves(wordAt(bytes, start + 24), wordAt(bytes, start + 28)),
    };
  },
};
