import { AbiError } from "./errors.ts";
import { joinHalves } from "./little-endian.ts";

/** Reads numbers, little endian, from a position that moves on. All that a field asks of a reader. */
export interface FieldReader {
  readUint8(): number;
  readUint16(): number;
  readInt16(): number;
  readUint32(): number;
  readInt32(): number;
  /** Sets the position, in bytes from the start of the buffer. */
  seekTo(offset: number): void;
}

/** Writes numbers, little endian, at a position that moves on. All that a field asks of a writer. */
export interface FieldWriter {
  writeUint8(value: number): void;
  writeUint16(value: number): void;
  writeInt16(value: number): void;
  writeUint32(value: number): void;
  writeInt32(value: number): void;
  /** Sets the position, in bytes from the start of the buffer. */
  seekTo(offset: number): void;
}

/** A field that was checked and is ready to be written. */
export type FieldWrite = (writer: FieldWriter, at: number) => void;

/** A type of C as it lies in memory, and the value that it stands for. */
export interface Field<T> {
  /** In bytes. */
  readonly size: number;
  /** In bytes, a power of two: offsets of this field are multiples of it. */
  readonly align: number;
  /** Which of its bytes carry a value, ascending; the others are padding. */
  readonly bytes: readonly number[];
  /** Reads it at an offset of the reader's buffer. Every bit pattern is a value. */
  read(reader: FieldReader, at: number): T;
  /**
   * Checks a value and takes a copy of it, without writing yet.
   *
   * @param path - Where the value stands, for the error.
   * @throws {@link AbiError} `wrong-type` or `out-of-range`.
   */
  prepare(value: T, path: string): FieldWrite;
}

/** The value that a field stands for. */
export type FieldValue<F> = F extends Field<infer T> ? T : never;

/** 0, 1, … size − 1. */
const allBytes = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

const describe = (value: unknown): string => {
  if (value === null) return "null";
  return typeof value === "number" ? `${value}` : typeof value;
};

const checkInteger = (value: unknown, min: number, max: number, path: string): number => {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new AbiError("wrong-type", path, { expected: "an integer", actual: describe(value) });
  }
  if (value < min || value > max) throw new AbiError("out-of-range", path, { value, min, max });
  return value;
};

interface IntegerKind {
  readonly size: number;
  readonly min: number;
  readonly max: number;
  readonly get: (reader: FieldReader) => number;
  readonly put: (writer: FieldWriter, value: number) => void;
}

const integer = ({ size, min, max, get, put }: IntegerKind): Field<number> => ({
  size,
  align: size,
  bytes: allBytes(size),
  read: (reader, at) => {
    reader.seekTo(at);
    return get(reader);
  },
  prepare: (value, path) => {
    const checked = checkInteger(value, min, max, path);
    return (writer, at) => {
      writer.seekTo(at);
      put(writer, checked);
    };
  },
});

/** `uint8_t`: 0 … 255. */
export const u8: Field<number> = integer({
  size: 1,
  min: 0,
  max: 0xff,
  get: (reader) => reader.readUint8(),
  put: (writer, value) => writer.writeUint8(value),
});

/** `uint16_t`, little endian: 0 … 65,535. */
export const u16: Field<number> = integer({
  size: 2,
  min: 0,
  max: 0xffff,
  get: (reader) => reader.readUint16(),
  put: (writer, value) => writer.writeUint16(value),
});

/** `int16_t`, little endian: −32,768 … 32,767. */
export const i16: Field<number> = integer({
  size: 2,
  min: -0x8000,
  max: 0x7fff,
  get: (reader) => reader.readInt16(),
  put: (writer, value) => writer.writeInt16(value),
});

/** `uint32_t`, little endian: 0 … 2³² − 1. */
export const u32: Field<number> = integer({
  size: 4,
  min: 0,
  max: 0xffff_ffff,
  get: (reader) => reader.readUint32(),
  put: (writer, value) => writer.writeUint32(value),
});

/** `int32_t`, little endian: −2³¹ … 2³¹ − 1. */
export const i32: Field<number> = integer({
  size: 4,
  min: -0x8000_0000,
  max: 0x7fff_ffff,
  get: (reader) => reader.readInt32(),
  put: (writer, value) => writer.writeInt32(value),
});

const U64_MAX = 2n ** 64n - 1n;

/** `uint64_t`, little endian, aligned to 8 (`uint64_aligned_t`): a bigint, 0 … 2⁶⁴ − 1. */
export const u64: Field<bigint> = {
  size: 8,
  align: 8,
  bytes: allBytes(8),
  read: (reader, at) => {
    reader.seekTo(at);
    const low = reader.readUint32();
    const high = reader.readUint32();
    return joinHalves(low, high);
  },
  prepare: (value: unknown, path) => {
    if (typeof value !== "bigint") {
      throw new AbiError("wrong-type", path, { expected: "a bigint", actual: describe(value) });
    }
    if (value < 0n || value > U64_MAX) {
      throw new AbiError("out-of-range", path, { value, min: 0n, max: U64_MAX });
    }
    return (writer, at) => {
      writer.seekTo(at);
      writer.writeUint32(Number(value & 0xffff_ffffn));
      writer.writeUint32(Number(value >> 32n));
    };
  },
};

/** `uint8_t[size]`: a Uint8Array of exactly that many bytes. Values are copied in and out. */
export const bytes = (size: number): Field<Uint8Array> => ({
  size,
  align: 1,
  bytes: allBytes(size),
  read: (reader, at) => {
    reader.seekTo(at);
    return Uint8Array.from({ length: size }, () => reader.readUint8());
  },
  prepare: (value: unknown, path) => {
    if (!(value instanceof Uint8Array)) {
      throw new AbiError("wrong-type", path, { expected: "a Uint8Array", actual: describe(value) });
    }
    if (value.length !== size) {
      throw new AbiError("wrong-size", path, { expected: size, actual: value.length });
    }
    const copy = Uint8Array.from(value);
    return (writer, at) => {
      writer.seekTo(at);
      for (const byte of copy) writer.writeUint8(byte);
    };
  },
});
