import { getStructCodec, getU16Codec, getU32Codec, getU64Codec } from "@solana/codecs";
import { getDomainState } from "@xenkit/abi";
import { Parser } from "binary-parser-encoder";
import koffi from "koffi";
import { struct, U16LE, U32LE, U64LE } from "micro-packed";
import { Struct, uint16le, uint32le } from "restructure";
import { View, type ViewConstructor } from "structurae";
import { BufferReader, BufferWriter, object, u16, u32 } from "typed-binary";

/** The first 32 bytes of a call, all that get_domain_state has: header and payload. */
export interface Call {
  readonly cmd: number;
  readonly interfaceVersion: number;
  readonly domain: number;
  readonly padLow: number;
  readonly padHigh: number;
  readonly state: number;
  readonly caps: number;
  readonly pad0: number;
  readonly uniqueId: bigint;
}

/** A package that turns records into bytes and back. */
export interface Schema {
  /** A request as bytes, made from a record; 32 bytes or more. */
  readonly write: (domid: number) => Uint8Array;
  /** An answer as a record with a bigint. */
  readonly decode: (bytes: Uint8Array) => { readonly state: number; readonly uniqueId: bigint };
}

export const CALL_SIZE = 32;

const request = (domain: number): Call => ({
  cmd: 90,
  interfaceVersion: 0,
  domain,
  padLow: 0,
  padHigh: 0,
  state: 0,
  caps: 0,
  pad0: 0,
  uniqueId: 0n,
});

const joined = ({ idLow, idHigh }: { readonly idLow: number; readonly idHigh: number }): bigint =>
  (BigInt(idHigh) << 32n) | BigInt(idLow);

/** Packages without a 64-bit integer get two words, and we join them. */
const requestInWords = (domain: number) => {
  const { uniqueId: _, ...fields } = request(domain);
  return { ...fields, idLow: 0, idHigh: 0 };
};

const typedBinary = (): Schema => {
  const schema = object({
    cmd: u32,
    interfaceVersion: u32,
    domain: u16,
    padLow: u16,
    padHigh: u32,
    state: u16,
    caps: u16,
    pad0: u32,
    idLow: u32,
    idHigh: u32,
  });
  const buffer = new ArrayBuffer(CALL_SIZE);
  const bytes = new Uint8Array(buffer);
  return {
    write: (domid) => {
      schema.write(new BufferWriter(buffer, { endianness: "little" }), requestInWords(domid));
      return bytes;
    },
    decode: (from) => {
      const reader = new BufferReader(from.buffer, {
        endianness: "little",
        byteOffset: from.byteOffset,
      });
      const call = schema.read(reader);
      return { ...call, uniqueId: joined(call) };
    },
  };
};

const microPacked = (): Schema => {
  const codec = struct({
    cmd: U32LE,
    interfaceVersion: U32LE,
    domain: U16LE,
    padLow: U16LE,
    padHigh: U32LE,
    state: U16LE,
    caps: U16LE,
    pad0: U32LE,
    uniqueId: U64LE,
  });
  return {
    write: (domid) => codec.encode(request(domid)),
    decode: (bytes) => codec.decode(bytes),
  };
};

const restructure = (): Schema => {
  const codec = new Struct({
    cmd: uint32le,
    interfaceVersion: uint32le,
    domain: uint16le,
    padLow: uint16le,
    padHigh: uint32le,
    state: uint16le,
    caps: uint16le,
    pad0: uint32le,
    idLow: uint32le,
    idHigh: uint32le,
  });
  return {
    write: (domid) => codec.toBuffer(requestInWords(domid)),
    decode: (bytes) => {
      const call = codec.fromBuffer(bytes);
      return { ...call, uniqueId: joined(call) };
    },
  };
};

const binaryParser = (): Schema => {
  const parser = new Parser()
    .endianess("little")
    .uint32("cmd")
    .uint32("interfaceVersion")
    .uint16("domain")
    .uint16("padLow")
    .uint32("padHigh")
    .uint16("state")
    .uint16("caps")
    .uint32("pad0")
    .uint64("uniqueId");
  return {
    write: (domid) => parser.encode(request(domid)),
    decode: (bytes) => parser.parse(bytes as Buffer) as unknown as Call,
  };
};

const integer = (btype: string) => ({ type: "integer", btype }) as const;

/** Also used in place: a view of structurae is a DataView with named fields. */
export const structuraeView: ViewConstructor<Call> = new View().create<Call>({
  $id: "Domctl",
  type: "object",
  properties: {
    cmd: integer("uint32"),
    interfaceVersion: integer("uint32"),
    domain: integer("uint16"),
    padLow: integer("uint16"),
    padHigh: integer("uint32"),
    state: integer("uint16"),
    caps: integer("uint16"),
    pad0: integer("uint32"),
    uniqueId: integer("biguint64"),
  },
} as never);

const structurae = (): Schema => ({
  write: (domid) => {
    const view = structuraeView.from(request(domid));
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  },
  decode: (bytes) =>
    new structuraeView(bytes.buffer as ArrayBuffer, bytes.byteOffset, CALL_SIZE).toJSON(),
});

const solana = (): Schema => {
  const codec = getStructCodec([
    ["cmd", getU32Codec()],
    ["interfaceVersion", getU32Codec()],
    ["domain", getU16Codec()],
    ["padLow", getU16Codec()],
    ["padHigh", getU32Codec()],
    ["state", getU16Codec()],
    ["caps", getU16Codec()],
    ["pad0", getU32Codec()],
    ["uniqueId", getU64Codec()],
  ]);
  return {
    write: (domid) => codec.encode(request(domid)) as Uint8Array,
    decode: (bytes) => codec.decode(bytes),
  };
};

const koffiStruct = (): Schema => {
  const type = koffi.struct({
    cmd: "uint32_t",
    interfaceVersion: "uint32_t",
    domain: "uint16_t",
    padLow: "uint16_t",
    padHigh: "uint32_t",
    state: "uint16_t",
    caps: "uint16_t",
    pad0: "uint32_t",
    uniqueId: "uint64_t",
  });
  const bytes = new Uint8Array(CALL_SIZE);
  return {
    write: (domid) => {
      koffi.encode(bytes, type, request(domid));
      return bytes;
    },
    // koffi gives a number where it is safe, a bigint where not.
    decode: (from) => {
      const call = koffi.decode(from, type);
      return { ...call, uniqueId: BigInt(call.uniqueId) };
    },
  };
};

const ownRecords = (): Schema => ({
  write: (domid) => getDomainState.encodeRequest(domid),
  decode: (bytes) => getDomainState.decode(bytes),
});

/** All that work with records; each makes its own codec once. */
export const schemas: Readonly<Record<string, () => Schema>> = {
  "@xenkit/abi, records": ownRecords,
  structurae,
  "binary-parser-encoder": binaryParser,
  "typed-binary, stock": typedBinary,
  "micro-packed": microPacked,
  restructure,
  "@solana/codecs": solana,
  "koffi struct": koffiStruct,
};

/** The published packages among them: everyone but us. */
export const published: readonly string[] = Object.keys(schemas).filter(
  (name) => !name.startsWith("@xenkit"),
);

/** Decodes fastest of the published ones. */
export const FASTEST = "binary-parser-encoder";
