import { AbiError } from "./errors.ts";
import { bytes, u16, u32 } from "./field.ts";
import { type StructCodec, struct } from "./struct.ts";

/** The size of `struct xen_domctl` in bytes: a header of 16 and a union of 128. */
export const DOMCTL_SIZE = 144;
/** Where the union begins: the size of the header. */
export const DOMCTL_PAYLOAD_OFFSET = 16;
/** The size of the union in bytes. */
export const DOMCTL_PAYLOAD_SIZE = 128;

const headerFields = { cmd: u32, interfaceVersion: u32, domain: u16, pad: bytes(6) } as const;

/** What every domctl begins with. */
export interface DomctlHeader {
  /** The operation, one of `DOMCTL`. */
  readonly cmd: number;
  /** 0 for a stable operation, else `INTERFACE_VERSION` of the release. */
  readonly interfaceVersion: number;
  /** Whom it is about; in some operations also an answer. */
  readonly domain: number;
  /** Six bytes that are not looked at, and come back as they were sent. */
  readonly pad: Uint8Array;
}

/**
 * The first 16 bytes of `struct xen_domctl`. All that pausedomain, unpausedomain, resumedomain and
 * destroydomain have.
 *
 * | offset | size | field                                  |
 * | -----: | ---: | -------------------------------------- |
 * |      0 |    4 | `cmd`                                  |
 * |      4 |    4 | `interfaceVersion` `interface_version` |
 * |      8 |    2 | `domain`                               |
 * |     10 |    6 | `pad` `_pad`                           |
 *
 * Source: Xen's public `domctl.h`; the layout recorded from 4.21.2 and 4.22.0.
 */
export const domctlHeader: StructCodec<DomctlHeader> = struct("xen_domctl", headerFields);

/** A whole domctl: the header, one member of the union, and the bytes of the union behind it. */
export interface Domctl<T> extends DomctlHeader {
  /** The member of the union. */
  readonly payload: T;
  /** What the union has room for behind the payload. Comes back as it was sent. */
  readonly rest: Uint8Array;
}

/**
 * A whole `struct xen_domctl`, 144 bytes, with one payload in its union. Loses no bit but those of
 * the payload's own padding.
 *
 * @param payload - One of this package's payload structs, at most 128 bytes.
 * @throws `AbiError` `wrong-size` for a larger one.
 */
export const domctl = <T>(payload: StructCodec<T>): StructCodec<Domctl<T>> => {
  if (payload.size > DOMCTL_PAYLOAD_SIZE) {
    const sizes = { expected: DOMCTL_PAYLOAD_SIZE, actual: payload.size };
    throw new AbiError("wrong-size", `xen_domctl.${payload.name}`, sizes);
  }
  const rest = bytes(DOMCTL_PAYLOAD_SIZE - payload.size);
  const codec = struct("xen_domctl", { ...headerFields, payload, rest });
  // The alignment is that of the union, whichever of its members this one is.
  return { ...codec, align: 8 } as StructCodec<Domctl<unknown>> as StructCodec<Domctl<T>>;
};
